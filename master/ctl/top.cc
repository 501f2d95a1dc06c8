// See top.h.
#include "master/ctl/top.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "master/ctl/table.h"
#include "master/ctl/times.h"
#include "master/ctl/views.h"

namespace master::ctl {
namespace {

constexpr auto kLeft = Table::Align::left;
constexpr std::size_t kMostClients = 5;
constexpr std::size_t kLeastRows = 3;

std::string rate_text(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, rate < 10 ? "%.1f" : "%.0f", rate);
  return text;
}

// The objects of one kind with what their counters gained. An object that was not there before has
// gained nothing yet: it may be known since long, under another name.
class Gains {
 public:
  Gains(const Interval& interval, std::string_view kind, std::string_view name)
      : seconds_(std::max(interval.seconds, 0.001)), after_(of_kind(interval.after.status, kind)) {
    for (Object& one : of_kind(interval.before.status, kind)) before_.emplace(one.text(name), one);
    for (const Object& one : after_) before_of_.push_back(find(one.text(name)));
  }

  const Objects& objects() const { return after_; }
  double rate(std::size_t index, std::string_view key) const {
    const Object* const before = before_of_[index];
    if (before == nullptr) return 0;
    const std::uint64_t now = after_[index].number(key);
    const std::uint64_t then = before->number(key);
    return now > then ? static_cast<double>(now - then) / seconds_ : 0;
  }
  double total(std::string_view key) const {
    double sum = 0;
    for (std::size_t i = 0; i < after_.size(); ++i) sum += rate(i, key);
    return sum;
  }
  // Indices, those with the highest rates first, at most `most`.
  std::vector<std::size_t> busiest(std::string_view key, std::size_t most) const {
    std::vector<std::pair<double, std::size_t>> all;
    for (std::size_t i = 0; i < after_.size(); ++i) all.emplace_back(-rate(i, key), i);
    std::sort(all.begin(), all.end());
    std::vector<std::size_t> found;
    for (const auto& [negative, index] : all) {
      if (found.size() < most) found.push_back(index);
    }
    return found;
  }

 private:
  const Object* find(const std::string& name) const {
    const auto found = before_.find(name);
    return found == before_.end() ? nullptr : &found->second;
  }

  double seconds_;
  Objects after_;
  std::map<std::string, Object> before_;
  std::vector<const Object*> before_of_;  // of each of after_
};

std::uint64_t sum_of(const Objects& objects, std::string_view kind, std::string_view key) {
  std::uint64_t sum = 0;
  for (const Object& one : of_kind(objects, kind)) sum += one.number(key);
  return sum;
}

std::string rates(const Interval& interval) {
  const Gains process(interval, "process", "pid");
  const Gains listeners(interval, "listener", "address");
  const Times times = Times::of_all(interval.before.times, interval.after.times);
  return rate_text(process.total("requests")) + " requests/s, p50 " + times.text(50) + " ms, p99 " +
         times.text(99) + " ms, " + rate_text(listeners.total("status_4xx")) + " 4xx/s, " +
         rate_text(listeners.total("status_5xx")) + " 5xx/s";
}

std::string gauges(const Objects& status) {
  return std::to_string(sum_of(status, "listener", "in_service")) + " in service, " +
         std::to_string(sum_of(status, "listener", "waiting")) + " waiting";
}

void append(Lines& lines, const Table& table, std::size_t width) {
  if (table.is_empty()) return;
  lines.emplace_back();
  for (std::string& line : table.lines(width)) lines.push_back(std::move(line));
}

// With the empty line before it.
std::size_t rows_of(const Table& table, std::size_t width) {
  return table.is_empty() ? 0 : table.lines(width).size() + 1;
}

Table services_table(const Interval& interval, std::size_t most) {
  const Gains services(interval, "service", "name");
  Table table({{"SERVICE", kLeft},
               {"REQUESTS/s"},
               {"4xx/s"},
               {"5xx/s"},
               {"P50 ms"},
               {"P99 ms"},
               {"RETRIES/s"}});
  for (const std::size_t i : services.busiest("requests", most)) {
    const std::string& name = services.objects()[i].text("name");
    const Times times = Times::of_service(interval.before.times, interval.after.times, name);
    table.add({name, rate_text(services.rate(i, "requests")),
               rate_text(services.rate(i, "status_4xx")), rate_text(services.rate(i, "status_5xx")),
               times.text(50), times.text(99), rate_text(services.rate(i, "retries"))});
  }
  return table;
}

Table backends_table(const Interval& interval, std::size_t most) {
  const Gains backends(interval, "backend", "name");
  Table table({{"BACKEND", kLeft},
               {"STATE", kLeft},
               {"REQUESTS/s"},
               {"FAILURES/s"},
               {"IN FLIGHT"},
               {"P50 ms"},
               {"P99 ms"}});
  for (const std::size_t i : backends.busiest("requests", most)) {
    const Object& one = backends.objects()[i];
    table.add({one.text("name"), one.text("state"), rate_text(backends.rate(i, "requests")),
               rate_text(backends.rate(i, "failures")), one.text("in_flight"), one.text("p50_ms"),
               one.text("p99_ms")});
  }
  return table;
}

// Estimates from a sample of requests. A client that asks seldom may not be in the list.
Table busy_clients_table(const Interval& interval) {
  const Gains clients(interval, "busy_client", "address");
  Table table({{"CLIENT", kLeft}, {"REQUESTS/s"}});
  for (const std::size_t i : clients.busiest("requests", kMostClients)) {
    const double rate = clients.rate(i, "requests");
    if (rate > 0) table.add({clients.objects()[i].text("address"), "~" + rate_text(rate)});
  }
  return table;
}

Table clients_over_limits_table(const Interval& interval) {
  const Gains clients(interval, "client", "address");
  Table table({{"CLIENT OVER A LIMIT", kLeft}, {"OVER/s"}, {"OVER"}});
  for (const std::size_t i : clients.busiest("over", kMostClients)) {
    const Object& one = clients.objects()[i];
    table.add({one.text("address"), rate_text(clients.rate(i, "over")), one.text("over")});
  }
  return table;
}

}  // namespace

Lines top_view(const Interval& interval, std::size_t width, std::size_t rows) {
  Lines lines{headline(first_of(interval.after.status, "process")), rates(interval),
              gauges(interval.after.status)};
  const Lines problems = problems_of(interval.after.status).wrong;
  if (!problems.empty()) {
    const std::size_t more = problems.size() - 1;
    lines.push_back("! " + problems.front() +
                    (more == 0 ? "" : " (and " + std::to_string(more) + " more: poundctl status)"));
  }
  const Table busy = busy_clients_table(interval);
  const Table over = clients_over_limits_table(interval);
  // Two tables with a title and an empty line share the rows that the others leave.
  const std::size_t used = lines.size() + rows_of(busy, width) + rows_of(over, width) + 4;
  const std::size_t most = std::max((rows > used ? rows - used : 0) / 2, kLeastRows);
  append(lines, services_table(interval, most), width);
  append(lines, backends_table(interval, most), width);
  append(lines, busy, width);
  append(lines, over, width);
  if (lines.size() > rows) lines.resize(rows);
  return lines;
}

}  // namespace master::ctl
