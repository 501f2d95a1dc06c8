// A copy of all tables at one moment, as plain vectors, and the text of the status dump.
//
// For the master, on SIGUSR1. Takes no lock and stops nobody: each figure is read whole (a verdict
// with its reason and time, a counter), and figures of one row are read one right after the other.
// Knows no names: the caller gives those of backends and listeners, by their row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/backend_table.h"
#include "shm/ids.h"
#include "shm/segment.h"
#include "shm/session_table.h"
#include "shm/worker_table.h"

namespace shm {

struct WorkerStatus {
  Row row = 0;
  WorkerInfo info;
  std::uint64_t log_dropped = 0;
};

struct GateStatus {
  std::uint32_t limit = 0;
  std::uint32_t in_service = 0;
  std::uint32_t waiting = 0;
};

struct ListenerStatus {
  std::uint32_t row = 0;
  GateStatus gate;
  std::uint64_t requests = 0;
};

struct BackendStatus {
  std::uint32_t row = 0;
  GateStatus gate;
  Liveness liveness;
  BackendCounters counters;
};

struct Snapshot {
  std::uint64_t at_ms = 0;  // CLOCK_MONOTONIC
  bool intact = true;
  std::uint64_t requests = 0;  // of all workers, those that are gone included
  std::vector<WorkerStatus> workers;
  std::vector<ListenerStatus> listeners;
  std::vector<BackendStatus> backends;
  SessionTotals sessions;
};

// Rows in use only; retired listeners and backends only while something is in service there.
Snapshot take_snapshot(Segment& segment, std::uint64_t now_ms);

// By row; a row without a name is shown as its number.
struct SnapshotNames {
  std::vector<std::string> listeners;
  std::vector<std::string> backends;
};

// One line for the whole, then one for each worker, listener and backend, and one for sessions:
// "status: " and key=value pairs with single spaces. Bytes of a name that could end its value are
// shown as \xNN.
std::vector<std::string> to_lines(const Snapshot& snapshot, const SnapshotNames& names);

}  // namespace shm
