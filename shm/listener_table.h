// Listeners as all processes see them: requests in service and counters.
//
// Fixed rows in the segment; the rules are those of backend_table.h. Refusals are counted by the
// number of their reason, whose meaning only the caller knows. Only listeners that refuse requests
// use memory for these counts.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "shm/counter_grid.h"
#include "shm/id_registry.h"
#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/slot_gates.h"
#include "shm/sparse_grid.h"

namespace shm {

using ReasonCounts = std::array<std::uint64_t, kMaxReasons>;

// What one process refused at one listener.
struct RefusalCells {
  void clear();
  std::atomic<std::uint64_t> by_reason[kMaxReasons]{};
};

// Enough for 64 workers with the largest number of listeners.
inline constexpr std::uint32_t kRefusalBlocks = kMaxWorkers * kMaxListeners;

class ListenerTable {
 public:
  std::optional<std::uint32_t> enroll(ListenerId id, std::uint32_t limit);
  void retire(std::uint32_t index);
  std::uint32_t size() const;  // 1 + the highest row ever enrolled
  bool enrolled(std::uint32_t index) const;
  SlotGates& slots(std::uint32_t index);  // of `Threads`
  Gate& gate(std::uint32_t index);        // of all its requests in service
  const Gate& gate(std::uint32_t index) const;
  // Of its tunnels and event streams (`MaxStreams`); nothing waits at it.
  Gate& stream_gate(std::uint32_t index);
  void count_request(std::uint32_t index, Row row);
  std::uint64_t requests(std::uint32_t index) const;
  // Ignores a `reason` of kMaxReasons or more.
  void count_refusal(std::uint32_t index, Row row, std::uint32_t reason);
  ReasonCounts refusals(std::uint32_t index) const;
  void release_row(Row row);

 private:
  IdRegistry<kMaxListeners> ids_;
  CounterGrid<kMaxListeners, 1> counters_;
  SparseGrid<kMaxListeners, kRefusalBlocks, RefusalCells> refusals_;
  SlotGates slots_[kMaxListeners];
  Gate stream_gates_[kMaxListeners];
};

static_assert(kFitForSegment<ListenerTable>);

}  // namespace shm
