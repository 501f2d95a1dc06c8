// See views.h.
#include "master/ctl/views.h"

#include <algorithm>
#include <array>
#include <functional>

#include "master/ctl/table.h"

namespace master::ctl {
namespace {

constexpr auto kLeft = Table::Align::left;

// "3/8", or "3" where there is no limit.
std::string of_limit(const Object& object, std::string_view used, std::string_view limit) {
  return object.text(used) + (object.number(limit) == 0 ? "" : "/" + object.text(limit));
}

std::string age_of(const Object& object, std::string_view key) {
  return object.has(key) ? span_text(object.number(key)) : "-";
}

Table workers_table(const Objects& workers) {
  Table table({{"WORKER"},
               {"PID"},
               {"GEN"},
               {"STATE", kLeft},
               {"CLIENTS"},
               {"REQUESTS"},
               {"BEAT ms"},
               {"RESTARTS"},
               {"DOING", kLeft}});
  for (const Object& one : workers) {
    table.add({one.text("slot"), one.text("pid"), one.text("generation"), one.text("state"),
               one.text("clients"), one.text("requests"), one.text("heartbeat_ms"),
               one.text("restarts"), one.text("doing")});
  }
  return table;
}

Table listeners_table(const Objects& listeners) {
  Table table(
      {{"LISTENER", kLeft}, {"REQUESTS"}, {"REFUSED"}, {"IN SERVICE"}, {"WAITING"}, {"STREAMS"}});
  for (const Object& one : listeners) {
    table.add({one.text("address"), one.text("requests"), one.text("refused"),
               of_limit(one, "in_service", "limit"), one.text("waiting"),
               of_limit(one, "streams", "max_streams")});
  }
  return table;
}

Table services_table(const Objects& services) {
  Table table({{"SERVICE", kLeft},
               {"STATE", kLeft},
               {"REQUESTS"},
               {"SESSIONS"},
               {"RETRIES"},
               {"REFUSED RETRIES"}});
  for (const Object& one : services) {
    table.add({one.text("name"), one.text("admin"), one.text("requests"), one.text("sessions"),
               one.text("retries"), one.text("retries_refused")});
  }
  return table;
}

bool is_out_of_use(const Object& backend) {
  return backend.text("admin") == "drained" || backend.text("admin") == "disabled";
}

// What the administrator wants of a live backend says more than that it is live.
std::string state_of(const Object& backend) {
  const std::string& state = backend.text("state");
  return state == "live" && is_out_of_use(backend) ? backend.text("admin") : state;
}

// Backends that are not live, or out of use, come first.
Objects wrong_first(Objects backends) {
  std::stable_partition(backends.begin(), backends.end(),
                        [](const Object& one) { return state_of(one) != "live"; });
  return backends;
}

Table short_backends_table(const Objects& backends) {
  Table table({{"BACKEND", kLeft},
               {"STATE", kLeft},
               {"SINCE"},
               {"IN FLIGHT"},
               {"WAIT"},
               {"REQUESTS"},
               {"FAILED"},
               {"P50 ms"},
               {"P99 ms"}});
  for (const Object& one : wrong_first(backends)) {
    table.add({one.text("name"), state_of(one), age_of(one, "since_s"),
               of_limit(one, "in_flight", "limit"), one.text("waiting"), one.text("requests"),
               one.text("failures"), one.text("p50_ms"), one.text("p99_ms")});
  }
  return table;
}

Table backends_table(const Objects& backends) {
  Table table({{"BACKEND", kLeft},
               {"ADDRESS", kLeft},
               {"STATE", kLeft},
               {"SINCE"},
               {"REASON", kLeft},
               {"CHECK", kLeft},
               {"SHARE %"},
               {"IN FLIGHT"},
               {"REQUESTS"},
               {"FAILURES"}});
  for (const Object& one : wrong_first(backends)) {
    table.add({one.text("name"), one.text("address"), state_of(one), age_of(one, "since_s"),
               one.text("reason"), one.text("check"), one.text("share"),
               of_limit(one, "in_flight", "limit"), one.text("requests"), one.text("failures")});
  }
  return table;
}

Table sessions_table(const Objects& sessions) {
  Table table({{"SESSIONS"}, {"CAPACITY"}, {"STORED"}, {"EVICTED"}, {"RECOVERED"}, {"WIPED"}});
  for (const Object& one : sessions) {
    table.add({one.text("used"), one.text("capacity"), one.text("stored"), one.text("evicted"),
               one.text("recovered"), one.text("wiped")});
  }
  return table;
}

Table store_table(const Objects& stores) {
  Table table({{"STORE", kLeft},
               {"STATE", kLeft},
               {"ASKED"},
               {"FOUND"},
               {"WRITTEN"},
               {"LATE"},
               {"REFUSED"},
               {"SKIPPED"}});
  for (const Object& one : stores) {
    table.add({one.text("address"), one.text("state"), one.text("asked"), one.text("found"),
               one.text("written"), one.text("late"), one.text("refused"), one.text("skipped")});
  }
  return table;
}

struct List {
  std::string_view name;
  std::string_view kind;
  Table (*table)(const Objects&);
};

constexpr std::array kLists{
    List{"workers", "worker", workers_table},     List{"listeners", "listener", listeners_table},
    List{"services", "service", services_table},  List{"backends", "backend", backends_table},
    List{"sessions", "sessions", sessions_table},
};

void append(Lines& lines, const Table& table, std::size_t width) {
  if (table.is_empty()) return;
  lines.emplace_back();
  for (std::string& line : table.lines(width)) lines.push_back(std::move(line));
}

}  // namespace

std::string span_text(std::uint64_t seconds) {
  constexpr std::uint64_t kMinute = 60;
  constexpr std::uint64_t kHour = 3600;
  constexpr std::uint64_t kDay = 86'400;
  const auto unit = [](std::uint64_t count, char name) { return std::to_string(count) + name; };
  if (seconds < kMinute) return unit(seconds, 's');
  if (seconds < kHour) return unit(seconds / kMinute, 'm');
  if (seconds < kDay) return unit(seconds / kHour, 'h') + unit(seconds % kHour / kMinute, 'm');
  return unit(seconds / kDay, 'd') + unit(seconds % kDay / kHour, 'h');
}

std::string headline(const Object& process) {
  return "pound " + process.text("version") + ", pid " + process.text("pid") + ", generation " +
         process.text("generation") + ", up " + span_text(process.number("uptime_s")) + ", " +
         process.text("clients") + " clients, " + process.text("requests") + " requests";
}

bool is_list(std::string_view name) {
  return std::any_of(kLists.begin(), kLists.end(),
                     [&](const List& list) { return list.name == name; });
}

Lines list_view(std::string_view name, const Objects& objects, std::size_t width) {
  const auto list =
      std::find_if(kLists.begin(), kLists.end(), [&](const List& one) { return one.name == name; });
  return list->table(of_kind(objects, list->kind)).lines(width);
}

Lines status_view(const Objects& objects, std::size_t width) {
  Lines lines{headline(first_of(objects, "process"))};
  const Problems problems = problems_of(objects);
  lines.emplace_back();
  if (problems.wrong.empty()) lines.emplace_back("Nothing is wrong.");
  for (const std::string& line : problems.wrong) lines.push_back("! " + line);
  for (const std::string& line : problems.notices) lines.push_back("- " + line);
  append(lines, listeners_table(of_kind(objects, "listener")), width);
  append(lines, services_table(of_kind(objects, "service")), width);
  append(lines, short_backends_table(of_kind(objects, "backend")), width);
  append(lines, workers_table(of_kind(objects, "worker")), width);
  append(lines, sessions_table(of_kind(objects, "sessions")), width);
  append(lines, store_table(of_kind(objects, "store")), width);
  return lines;
}

}  // namespace master::ctl
