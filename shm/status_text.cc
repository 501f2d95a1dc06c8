// Status lines: see status_text.h.
#include "shm/status_text.h"

#include <numeric>
#include <optional>

namespace shm {
namespace {

constexpr std::string_view kNone = "-";

// Stricter than the escaping of a log line, because a space or `=` would end a value.
std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '=') {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

// 0 when `since_ms` is later: processes read their clocks at slightly different moments.
std::uint64_t elapsed(std::uint64_t now_ms, std::uint64_t since_ms) {
  return now_ms > since_ms ? now_ms - since_ms : 0;
}

class Line {
 public:
  explicit Line(std::string_view object) : text_("status: object=") { text_ += object; }

  Line& add(std::string_view key, std::uint64_t value) { return put(key, std::to_string(value)); }
  Line& add(std::string_view key, std::string_view text) { return put(key, escaped(text)); }

  // In milliseconds with one decimal.
  Line& add_ms(std::string_view key, std::optional<std::uint64_t> us) {
    if (!us) return put(key, kNone);
    const std::uint64_t tenths = (*us + 50) / 100;
    return put(key, std::to_string(tenths / 10) + "." + std::to_string(tenths % 10));
  }

  std::string take() { return std::move(text_); }

 private:
  Line& put(std::string_view key, std::string_view value) {
    text_ += ' ';
    text_ += key;
    text_ += '=';
    text_ += value.empty() ? kNone : value;
    return *this;
  }

  std::string text_;
};

std::string process_line(const ProcessStatus& process, const Snapshot& snapshot) {
  std::uint64_t clients = 0;
  for (const WorkerStatus& worker : snapshot.workers) clients += worker.info.clients;
  Line line("process");
  line.add("version", process.version).add("pid", static_cast<std::uint64_t>(process.pid));
  line.add("generation", process.generation);
  line.add("uptime_s", elapsed(snapshot.at_ms, process.started_ms) / 1000);
  line.add("workers", snapshot.workers.size()).add("listeners", snapshot.listeners.size());
  line.add("services", snapshot.services.size()).add("backends", snapshot.backends.size());
  line.add("clients", clients).add("requests", snapshot.requests);
  line.add("segment", snapshot.intact ? "intact" : "damaged");
  return line.take();
}

std::string worker_line(const WorkerStatus& worker, std::uint64_t now_ms) {
  const WorkerInfo& info = worker.info;
  Line line("worker");
  line.add("slot", info.slot);
  line.add("pid", static_cast<std::uint64_t>(info.pid > 0 ? info.pid : 0));
  line.add("generation", info.generation).add("state", to_text(info.state));
  line.add("clients", info.clients).add("requests", info.requests);
  if (info.heartbeat_ms == 0) {
    line.add("heartbeat_ms", kNone);
  } else {
    line.add("heartbeat_ms", elapsed(now_ms, info.heartbeat_ms));
  }
  line.add("log_dropped", worker.log_dropped).add("restarts", info.restarts);
  line.add("doing", to_text(info.doing.activity));
  line.add("buffered", info.buffered).add("buffer_memory", info.buffer_memory);
  return line.take();
}

std::string listener_line(const ListenerStatus& listener, const RowNames& names) {
  const ReasonCounts& refused = listener.refused;
  Line line("listener");
  line.add("address", name_of(names.listeners, listener.row));
  line.add("in_service", listener.gate.in_service).add("waiting", listener.gate.waiting);
  line.add("waiting_strangers", listener.gate.strangers);
  line.add("limit", listener.gate.limit).add("requests", listener.requests);
  line.add("streams", listener.streams.in_service).add("max_streams", listener.streams.limit);
  line.add("refused", std::accumulate(refused.begin(), refused.end(), std::uint64_t{0}));
  for (std::size_t reason = 0; reason < refused.size(); ++reason) {
    if (refused[reason] == 0) continue;
    const bool is_known = reason < names.reasons.size();
    line.add("refused_" + (is_known ? std::string(names.reasons[reason]) : std::to_string(reason)),
             refused[reason]);
  }
  return line.take();
}

std::string service_line(const ServiceStatus& service, const RowNames& names) {
  Line line("service");
  line.add("name", name_of(names.services, service.row));
  line.add("requests", service.requests).add("sessions", service.sessions);
  line.add("strangers", service.strangers);
  line.add("retries", service.retries).add("retries_refused", service.retries_refused);
  return line.take();
}

void add_recovery(Line& line, const BackendStatus& backend, std::uint64_t now_ms) {
  line.add("share", std::uint64_t{backend.fitness.share} * 100 / kFullShare);
  if (backend.fitness.standing == Standing::ejected) {
    line.add("ejected_s", (elapsed(backend.ejected_until_ms, now_ms) + 999) / 1000);
  } else {
    line.add("ejected_s", kNone);
  }
  line.add("check", check_word(backend.check.last));
  if (backend.check.at_ms == 0) {
    line.add("check_s", kNone);
  } else {
    line.add("check_s", elapsed(now_ms, backend.check.at_ms) / 1000);
  }
}

std::string backend_line(const BackendStatus& backend, const RowNames& names,
                         std::uint64_t now_ms) {
  const Liveness& liveness = backend.liveness;
  const bool is_known = backend.row < names.backends.size();
  Line line("backend");
  if (is_known && !names.backends[backend.row].name.empty()) {
    line.add("name", names.backends[backend.row].name);
  } else {
    line.add("name", "#" + std::to_string(backend.row));
  }
  line.add("address", is_known ? names.backends[backend.row].address : std::string());
  line.add("state", to_text(backend.fitness.standing));
  line.add("since_s", elapsed(now_ms, liveness.since_ms) / 1000);
  line.add("reason", liveness.live ? kNone : to_text(liveness.reason));
  line.add("in_flight", backend.gate.in_service).add("limit", backend.gate.limit);
  line.add("waiting", backend.gate.waiting);
  line.add("waiting_strangers", backend.gate.strangers);
  line.add("requests", backend.counters.requests).add("failures", backend.counters.failures);
  line.add("tls_verify", backend.counters.tls_verify);
  line.add("tls_handshake", backend.counters.tls_handshake);
  line.add_ms("p50_ms", backend.response_times.percentile_us(50));
  line.add_ms("p99_ms", backend.response_times.percentile_us(99));
  if (backend.last_probe_ms == 0) {
    line.add("last_probe_s", kNone);
  } else {
    line.add("last_probe_s", elapsed(now_ms, backend.last_probe_ms) / 1000);
  }
  add_recovery(line, backend, now_ms);
  return line.take();
}

std::string limit_line(const LimitStatus& limit, const RowNames& names) {
  RowNames::Limit name;
  name.owner = "#" + std::to_string(limit.row);
  if (limit.row < names.limits.size() && names.limits[limit.row].number != 0) {
    name = names.limits[limit.row];
  }
  Line line("limit");
  line.add("of", name.owner).add("number", name.number).add("key", name.key);
  line.add("mode", name.mode).add("passed", limit.counters.passed);
  line.add("over", limit.counters.over).add("connections_over", limit.counters.connections_over);
  line.add("evicted", limit.counters.evicted);
  return line.take();
}

std::string client_line(const TopClient& client) {
  Line line("client");
  line.add("address", client.client).add("over", client.over).add("over_error", client.error);
  return line.take();
}

std::string auth_line(const Snapshot& snapshot) {
  Line line("auth");
  line.add("checks", snapshot.auth_checks).add("matches", snapshot.auth_matches);
  return line.take();
}

std::string sessions_line(const Snapshot& snapshot) {
  const SessionTotals& sessions = snapshot.sessions;
  Line line("sessions");
  line.add("used", sessions.live).add("capacity", snapshot.max_sessions);
  line.add("evicted", sessions.evicted).add("recovered", sessions.recovered);
  line.add("stored", sessions.stored).add("room", sessions.room).add("wiped", sessions.wiped);
  return line.take();
}

}  // namespace

std::vector<std::string> status_lines(const ProcessStatus& process, const Snapshot& snapshot,
                                      const RowNames& names) {
  std::vector<std::string> lines{process_line(process, snapshot)};
  for (const WorkerStatus& worker : snapshot.workers) {
    lines.push_back(worker_line(worker, snapshot.at_ms));
  }
  for (const ListenerStatus& listener : snapshot.listeners) {
    lines.push_back(listener_line(listener, names));
  }
  for (const ServiceStatus& service : snapshot.services) {
    lines.push_back(service_line(service, names));
  }
  for (const BackendStatus& backend : snapshot.backends) {
    lines.push_back(backend_line(backend, names, snapshot.at_ms));
  }
  for (const LimitStatus& limit : snapshot.limits) lines.push_back(limit_line(limit, names));
  for (const TopClient& client : snapshot.top_clients) lines.push_back(client_line(client));
  lines.push_back(sessions_line(snapshot));
  if (snapshot.auth_checks != 0) lines.push_back(auth_line(snapshot));
  return lines;
}

std::string status_end_line(std::size_t lines, std::size_t omitted) {
  return Line("end").add("lines", lines).add("omitted", omitted).take();
}

std::string name_of(const std::vector<std::string>& names, std::uint32_t row) {
  if (row < names.size() && !names[row].empty()) return names[row];
  return "#" + std::to_string(row);
}

}  // namespace shm
