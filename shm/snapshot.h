// A copy of all tables at one moment, as plain vectors. status_objects.h gives its figures names.
//
// For the master, on SIGUSR1. Takes no lock and stops no process. Each figure is read whole (a
// counter; the state of a backend with its reason and time), and the figures of one row are read
// one right after the other. So figures of two rows may differ by the requests of a few
// microseconds.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "shm/backend_table.h"
#include "shm/ids.h"
#include "shm/limit_table.h"
#include "shm/listener_table.h"
#include "shm/segment.h"
#include "shm/session_table.h"
#include "shm/store_state.h"
#include "shm/worker_table.h"

namespace shm {

inline constexpr std::size_t kMostTopClients = 10;

struct WorkerStatus {
  Row row = 0;
  WorkerInfo info;
  std::uint64_t log_dropped = 0;
};

struct GateStatus {
  std::uint32_t limit = 0;  // 0 = none
  std::uint32_t in_service = 0;
  std::uint32_t waiting = 0;
  std::uint32_t strangers = 0;  // of those that wait
};

struct ListenerStatus {
  std::uint32_t row = 0;
  GateStatus gate;
  ListenerCounters counters;
  ReasonCounts refused{};
  GateStatus streams;  // tunnels and event streams
};

struct ServiceStatus {
  std::uint32_t row = 0;
  std::uint64_t requests = 0;
  std::uint64_t sessions = 0;
  std::uint64_t strangers = 0;        // requests that waited behind others, or would have
  std::uint64_t retries = 0;          // requests that went to one more backend (Retry)
  std::uint64_t retries_refused = 0;  // those for which the budget did not pay
  ResponseSums responses;
  Admin admin = {};
};

struct LimitStatus {
  std::uint32_t row = 0;
  LimitCounters counters;
};

struct BackendStatus {
  std::uint32_t row = 0;
  GateStatus gate;
  Liveness liveness;
  BackendCounters counters;
  LatencySums response_times;
  std::uint64_t last_probe_ms = 0;  // 0 = never
  Fitness fitness;
  std::uint64_t ejected_until_ms = 0;  // may be over; 0 = never ejected
  CheckState check;
  Admin admin = {};
};

// Of the workers that there are.
struct StoreStatus {
  std::array<std::uint32_t, kStoreLinks> links{};  // by StoreLink: how many have theirs so
  StoreState::Counts::Sums counts{};               // by StoreCount
};

struct Snapshot {
  std::uint64_t at_ms = 0;     // CLOCK_MONOTONIC
  std::int64_t at_unix_s = 0;  // CLOCK_REALTIME, seconds since 1970
  bool intact = true;
  std::uint64_t requests = 0;  // of all workers, ended ones included
  std::vector<WorkerStatus> workers;
  std::vector<ListenerStatus> listeners;
  std::vector<ServiceStatus> services;
  std::vector<BackendStatus> backends;
  std::vector<LimitStatus> limits;
  std::vector<TopClient> top_clients;   // that exceed limits; at most kMostTopClients
  std::vector<TopClient> busy_clients;  // of a sample of requests; at most kMostTopClients
  std::uint32_t max_sessions = 0;
  SessionTotals sessions;
  StoreStatus store;
  std::uint64_t auth_checks = 0;   // passwords that were checked, by all helpers
  std::uint64_t auth_matches = 0;  // of these, right ones
};

// Rows in use only. Retired listeners and backends appear while a request is in service or waits
// there, or a stream is open.
Snapshot take_snapshot(Segment& segment, std::uint64_t now_ms);

// The same for a process that serves clients: without the sessions, which take milliseconds to
// count. SessionCount counts them in steps of less than one.
Snapshot take_snapshot_without_sessions(Segment& segment, std::uint64_t now_ms);

class SessionCount {
 public:
  explicit SessionCount(Segment& segment);
  // Counts some more into the snapshot. False: all are counted.
  bool step(Snapshot& snapshot);
  // Of each service, by row; once all are counted.
  const std::vector<std::uint64_t>& by_service() const { return by_service_; }

 private:
  static constexpr std::uint32_t kSessionsPerStep = 65536;

  Segment& segment_;
  std::uint32_t next_ = 0;  // shard
  std::vector<std::uint64_t> by_service_;
};

}  // namespace shm
