// Reads all tables. Allocates memory, so no caller may hold a lock.
#include "shm/snapshot.h"

#include <ctime>

namespace shm {
namespace {

GateStatus read_gate(const Gate& gate, std::uint32_t rows) {
  return {gate.limit(), gate.in_service(rows), gate.waiting(rows),
          gate.waiting(rows, Rank::stranger)};
}

bool is_idle(const GateStatus& gate) { return gate.in_service == 0 && gate.waiting == 0; }

void read_workers(Segment& segment, Snapshot& snapshot) {
  const WorkerTable& workers = segment.workers();
  for (Row row = 0; row < workers.rows_in_use(); ++row) {
    const WorkerInfo info = workers.info(row);
    if (info.state == WorkerState::free) continue;
    snapshot.workers.push_back({row, info, segment.log_ring(row).dropped()});
    ++snapshot.store.links[static_cast<std::size_t>(segment.store().link(row))];
  }
  snapshot.requests = workers.total_requests();
  snapshot.store.counts = segment.store().sums();
}

void read_listeners(Segment& segment, Snapshot& snapshot) {
  const ListenerTable& listeners = segment.listeners();
  for (std::uint32_t row = 0; row < listeners.size(); ++row) {
    const Row rows = segment.workers().rows_in_use();
    const GateStatus gate = read_gate(listeners.gate(row), rows);
    const GateStatus streams = read_gate(listeners.stream_gate(row), rows);
    if (!listeners.enrolled(row) && is_idle(gate) && is_idle(streams)) continue;
    snapshot.listeners.push_back(
        {row, gate, listeners.counters(row), listeners.refusals(row), streams});
  }
}

void read_services(Segment& segment, Snapshot& snapshot) {
  const ServiceTable& services = segment.services();
  snapshot.max_sessions = segment.max_sessions();
  snapshot.auth_checks = segment.auth().checks.load(std::memory_order_relaxed);
  snapshot.auth_matches = segment.auth().matches.load(std::memory_order_relaxed);
  for (std::uint32_t row = 0; row < services.size(); ++row) {
    if (!services.enrolled(row)) continue;
    snapshot.services.push_back({row, services.requests(row), 0, services.strangers(row),
                                 services.retries(row), services.retries_refused(row),
                                 services.responses(row), services.admin().admin(row)});
  }
}

void read_backends(Segment& segment, Snapshot& snapshot) {
  const BackendTable& backends = segment.backends();
  for (std::uint32_t row = 0; row < backends.size(); ++row) {
    const GateStatus gate = read_gate(backends.gate(row), segment.workers().rows_in_use());
    if (!backends.enrolled(row) && is_idle(gate)) continue;
    snapshot.backends.push_back({row, gate, backends.liveness(row), backends.counters(row),
                                 backends.response_times(row), backends.last_probe_ms(row),
                                 backends.fitness(row, snapshot.at_ms),
                                 backends.ejections().until_ms(row), backends.checks().state(row),
                                 backends.admin().admin(row)});
  }
}

void read_limits(Segment& segment, Snapshot& snapshot) {
  LimitTable& limits = segment.limits();
  for (std::uint32_t row = 0; row < limits.size(); ++row) {
    if (limits.enrolled(row)) snapshot.limits.push_back({row, limits.counters(row)});
  }
  snapshot.top_clients = limits.top().merged(kMostTopClients);
  snapshot.busy_clients = segment.busy_clients().merged(kMostTopClients);
}

}  // namespace

SessionCount::SessionCount(Segment& segment)
    : segment_(segment), by_service_(segment.services().size()) {}

bool SessionCount::step(Snapshot& snapshot) {
  const SessionTable& table = segment_.sessions();
  for (std::uint32_t seen = 0; next_ < kSessionShards && seen < kSessionsPerStep; ++next_) {
    seen += table.add_totals(next_, snapshot.at_ms, snapshot.sessions, by_service_);
  }
  if (next_ < kSessionShards) return true;
  for (ServiceStatus& service : snapshot.services) service.sessions = by_service_[service.row];
  return false;
}

Snapshot take_snapshot(Segment& segment, std::uint64_t now_ms) {
  Snapshot snapshot = take_snapshot_without_sessions(segment, now_ms);
  SessionCount count(segment);
  while (count.step(snapshot)) continue;
  return snapshot;
}

Snapshot take_snapshot_without_sessions(Segment& segment, std::uint64_t now_ms) {
  Snapshot snapshot;
  snapshot.at_ms = now_ms;
  snapshot.at_unix_s = std::time(nullptr);
  snapshot.intact = segment.intact();
  read_workers(segment, snapshot);
  read_listeners(segment, snapshot);
  read_services(segment, snapshot);
  read_backends(segment, snapshot);
  read_limits(segment, snapshot);
  return snapshot;
}

}  // namespace shm
