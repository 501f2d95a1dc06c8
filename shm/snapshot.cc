// Reads all tables and puts them into words. Allocates, so it is never called under a lock.
#include "shm/snapshot.h"

#include <string_view>

namespace shm {
namespace {

// "status: KIND key=value key=value …"
class Line {
 public:
  explicit Line(std::string_view kind) : text_("status: ") { text_ += kind; }

  Line& add(std::string_view key, std::uint64_t value) { return add(key, std::to_string(value)); }

  Line& add(std::string_view key, std::string_view word) {
    text_ += ' ';
    text_ += key;
    text_ += '=';
    text_ += word;
    return *this;
  }

  Line& add(const GateStatus& gate) {
    return add("in_service", gate.in_service).add("limit", gate.limit).add("waiting", gate.waiting);
  }

  Line& add_name(const std::vector<std::string>& names, std::uint32_t row) {
    if (row >= names.size() || names[row].empty()) return add("name", "#" + std::to_string(row));
    return add("name", escaped(names[row]));
  }

  std::string take() { return std::move(text_); }

 private:
  static std::string escaped(std::string_view name) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (char c : name) {
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

  std::string text_;
};

// Clocks of different processes are read at slightly different moments.
std::uint64_t elapsed(std::uint64_t now_ms, std::uint64_t since_ms) {
  return now_ms > since_ms ? now_ms - since_ms : 0;
}

GateStatus read_gate(const Gate& gate) {
  return {gate.limit(), gate.in_service(kMaxRows), gate.waiting(kMaxRows)};
}

bool is_idle(const GateStatus& gate) { return gate.in_service == 0 && gate.waiting == 0; }

std::string worker_line(const WorkerStatus& worker, std::uint64_t now_ms) {
  Line line("worker");
  line.add("slot", worker.info.slot).add("row", worker.row);
  line.add("pid", static_cast<std::uint64_t>(worker.info.pid > 0 ? worker.info.pid : 0));
  line.add("generation", worker.info.generation).add("state", to_text(worker.info.state));
  line.add("clients", worker.info.clients).add("requests", worker.info.requests);
  if (worker.info.heartbeat_ms == 0) {
    line.add("beat", "never");
  } else {
    line.add("beat_ms_ago", elapsed(now_ms, worker.info.heartbeat_ms));
  }
  line.add("log_dropped", worker.log_dropped);
  return line.take();
}

std::string listener_line(const ListenerStatus& listener, const SnapshotNames& names) {
  Line line("listener");
  line.add_name(names.listeners, listener.row).add(listener.gate);
  line.add("requests", listener.requests);
  return line.take();
}

std::string backend_line(const BackendStatus& backend, const SnapshotNames& names,
                         std::uint64_t now_ms) {
  Line line("backend");
  line.add_name(names.backends, backend.row);
  line.add("state", backend.liveness.live ? "live" : "dead");
  if (!backend.liveness.live) line.add("reason", to_text(backend.liveness.reason));
  line.add("for_s", elapsed(now_ms, backend.liveness.since_ms) / 1000).add(backend.gate);
  line.add("requests", backend.counters.requests).add("failures", backend.counters.failures);
  return line.take();
}

std::string sessions_line(const SessionTotals& sessions) {
  Line line("sessions");
  line.add("live", sessions.live).add("stored", sessions.stored).add("room", sessions.room);
  line.add("evicted", sessions.evicted).add("recovered", sessions.recovered);
  line.add("wiped", sessions.wiped);
  return line.take();
}

}  // namespace

Snapshot take_snapshot(Segment& segment, std::uint64_t now_ms) {
  Snapshot snapshot;
  snapshot.at_ms = now_ms;
  snapshot.intact = segment.intact();
  const WorkerTable& workers = segment.workers();
  for (Row row = 0; row < workers.rows_in_use(); ++row) {
    const WorkerInfo info = workers.info(row);
    if (info.state == WorkerState::free) continue;
    snapshot.workers.push_back({row, info, segment.log_ring(row).dropped()});
  }
  const ListenerTable& listeners = segment.listeners();
  for (std::uint32_t row = 0; row < listeners.size(); ++row) {
    const GateStatus gate = read_gate(listeners.gate(row));
    if (!listeners.enrolled(row) && is_idle(gate)) continue;
    snapshot.listeners.push_back({row, gate, listeners.requests(row)});
  }
  const BackendTable& backends = segment.backends();
  for (std::uint32_t row = 0; row < backends.size(); ++row) {
    const GateStatus gate = read_gate(backends.gate(row));
    if (!backends.enrolled(row) && is_idle(gate)) continue;
    snapshot.backends.push_back({row, gate, backends.liveness(row), backends.counters(row)});
  }
  snapshot.requests = workers.total_requests();
  snapshot.sessions = segment.sessions().totals(now_ms);
  return snapshot;
}

std::vector<std::string> to_lines(const Snapshot& snapshot, const SnapshotNames& names) {
  Line whole("all");
  whole.add("workers", snapshot.workers.size()).add("listeners", snapshot.listeners.size());
  whole.add("backends", snapshot.backends.size()).add("requests", snapshot.requests);
  whole.add("segment", snapshot.intact ? "intact" : "damaged");
  std::vector<std::string> lines{whole.take()};
  for (const WorkerStatus& worker : snapshot.workers) {
    lines.push_back(worker_line(worker, snapshot.at_ms));
  }
  for (const ListenerStatus& listener : snapshot.listeners) {
    lines.push_back(listener_line(listener, names));
  }
  for (const BackendStatus& backend : snapshot.backends) {
    lines.push_back(backend_line(backend, names, snapshot.at_ms));
  }
  lines.push_back(sessions_line(snapshot.sessions));
  return lines;
}

}  // namespace shm
