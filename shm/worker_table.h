// One row for each live worker process: who it is, what it does, its gauges.
//
// The master takes and frees rows (before fork, after wait), so that taking one needs no lock;
// a row's process writes its own gauges only.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

enum class WorkerState : std::uint32_t { free, starting, ready, draining };
std::string_view to_text(WorkerState state);

struct WorkerInfo {
  WorkerState state = WorkerState::free;
  std::int32_t pid = 0;
  Slot slot = 0;
  Generation generation = 0;
  std::uint64_t heartbeat_ms = 0;  // CLOCK_MONOTONIC of the last turn of its loop
  std::uint64_t requests = 0;
  std::uint32_t clients = 0;
};

class WorkerTable {
 public:
  std::optional<Row> take(Slot slot, Generation generation);  // the lowest free row; by the master
  void set_pid(Row row, std::int32_t pid);
  void free(Row row);
  std::uint32_t rows_in_use() const;  // 1 + the highest row that is taken: the bound of all scans

  void set_state(Row row, WorkerState state);
  void beat(Row row, std::uint64_t now_ms);
  void set_clients(Row row, std::uint32_t clients);
  void count_request(Row row);
  WorkerInfo info(Row row) const;
  std::uint64_t total_requests() const;  // of all rows, and of those that were freed

 private:
  // A line for each row, as it is written at every request.
  struct alignas(kCacheLine) Cells {
    std::atomic<WorkerState> state{WorkerState::free};
    std::atomic<std::int32_t> pid{0};
    std::atomic<Slot> slot{0};
    std::atomic<Generation> generation{0};
    std::atomic<std::uint64_t> heartbeat_ms{0};
    std::atomic<std::uint64_t> requests{0};  // never set back: of all processes the row ever had
    std::atomic<std::uint64_t> requests_before{0};  // of those before the present one
    std::atomic<std::uint32_t> clients{0};
  };
  Row rows_ever() const;

  std::atomic<Row> in_use_{0};
  std::atomic<Row> ever_{0};  // 1 + the highest row that was ever taken
  Cells rows_[kMaxRows];
};

static_assert(kFitForSegment<WorkerTable>);
static_assert(sizeof(WorkerTable) == kCacheLine * (1 + kMaxRows));

}  // namespace shm
