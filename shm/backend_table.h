// Backends as all processes see them: one verdict on liveness, requests in flight, counters.
//
// Fixed rows in the segment. The master enrolls backends at start and reload (it alone adds and
// retires rows, before it forks those who use them); workers know them by index. Liveness is one
// atomic word, so a verdict is whole or not there; who changes it is told so and logs it.
// Counters are single-writer cells per row, summed by readers; what a dead process counted stays.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/counter_grid.h"
#include "shm/gate.h"
#include "shm/id_registry.h"
#include "shm/ids.h"
#include "shm/latency.h"
#include "shm/layout.h"
#include "shm/sparse_grid.h"

namespace shm {

enum class DeadReason : std::uint8_t { none, refused, timeout, reset, unreachable, dns, other };
std::string_view to_text(DeadReason reason);

struct Liveness {
  bool live = true;
  DeadReason reason = DeadReason::none;
  std::uint64_t since_ms = 0;  // CLOCK_MONOTONIC
};

struct BackendCounters {
  std::uint64_t requests = 0;  // sent to it
  std::uint64_t failures = 0;  // connects refused or timed out, responses not understood
};

inline constexpr std::uint64_t kHeardStepMs = 50;

// Enough for 32 workers with 1 000 backends; response times of more pairs are not counted.
inline constexpr std::uint32_t kLatencyBlocks = 32768;

class BackendTable {
 public:
  // Finds the row of `id`, with its liveness, counters and limit, or takes a free one, live, with
  // counters at 0 and with `limit`; nothing when all kMaxBackends are in use.
  std::optional<std::uint32_t> enroll(BackendId id, std::uint32_t limit, std::uint64_t now_ms);
  // When the last process that knows the index is gone. It is handed on to another id only when
  // nothing is in service or waits there, and only after all indices that were never used.
  void retire(std::uint32_t index);

  std::uint32_t size() const;  // 1 + the highest index ever enrolled
  bool enrolled(std::uint32_t index) const;

  Gate& gate(std::uint32_t index);
  const Gate& gate(std::uint32_t index) const;
  Liveness liveness(std::uint32_t index) const;
  bool is_live(std::uint32_t index) const;
  // True for the one caller that changed the verdict; else the first reason and time stay.
  bool mark_dead(std::uint32_t index, DeadReason reason, std::uint64_t now_ms);
  bool mark_live(std::uint32_t index, std::uint64_t now_ms);

  // Takes the probe of a dead backend that is due: `period_ms` after its death or after the last
  // claim. True for the one caller that is to make it.
  bool claim_probe(std::uint32_t index, std::uint64_t now_ms, std::uint64_t period_ms);
  std::uint64_t last_probe_ms(std::uint32_t index) const;  // 0 = never

  // When it last sent anything at all, to within kHeardStepMs; 0 = never. Written at most once in
  // that time, so that the line stays shared between the workers.
  void note_heard(std::uint32_t index, std::uint64_t now_ms);
  std::uint64_t last_heard_ms(std::uint32_t index) const;

  void count_request(std::uint32_t index, Row row);
  void count_failure(std::uint32_t index, Row row);
  BackendCounters counters(std::uint32_t index) const;  // all rows, and those of the dead
  // From the request sent to the response's head.
  void count_response_time(std::uint32_t index, Row row, std::uint64_t us);
  LatencySums response_times(std::uint32_t index) const;

  void release_row(Row row);  // gives back its slots and tickets; by the master

 private:
  IdRegistry<kMaxBackends> ids_;
  // All together, as the balancer reads them for each request: eight to a cache line.
  alignas(kCacheLine) std::atomic<std::uint64_t> liveness_[kMaxBackends]{};
  std::atomic<std::uint64_t> probed_ms_[kMaxBackends]{};
  std::atomic<std::uint64_t> heard_ms_[kMaxBackends]{};
  CounterGrid<kMaxBackends, 2> counters_;
  SparseGrid<kMaxBackends, kLatencyBlocks, LatencyCells> response_times_;
  Gate gates_[kMaxBackends];
};

static_assert(kFitForSegment<BackendTable>);

}  // namespace shm
