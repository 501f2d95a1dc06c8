// Listeners as all processes see them: requests in service and counters.
//
// A view of fixed rows in the segment; the rules are those of backend_table.h. Refusals are counted
// by the number of their reason, whose meaning only the caller knows. Only listeners that refuse
// requests use memory for these counts.
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

class ListenerTable {
 public:
  using Counters = CounterGrid<kMaxListeners, 1>;
  using Refusals = SparseGrid<kMaxListeners, RefusalCells>;
  struct MasterPart {
    IdRegistry<kMaxListeners> ids;
    Counters::MasterPart counters;
    SlotGates::MasterPart slots[kMaxListeners];
    Gate::MasterPart stream_gates[kMaxListeners];
  };
  struct RowPart {
    SlotGates::RowPart slots[kMaxListeners];
    Gate::RowPart stream_gates[kMaxListeners];
    Counters::RowPart counters;
    Refusals::RowPart refusals;
  };
  struct CommonPart {
    Counters::CommonPart counters;
    Refusals::CommonPart refusals;
    SlotGates::CommonPart slots[kMaxListeners];
    Gate::CommonPart stream_gates[kMaxListeners];
  };
  ListenerTable(MasterPart& master, PerRow<RowPart> rows, CommonPart& common);

  std::optional<std::uint32_t> enroll(ListenerId id, std::uint32_t limit);
  void retire(std::uint32_t index);
  std::uint32_t size() const;  // 1 + the highest row ever enrolled
  bool enrolled(std::uint32_t index) const;
  SlotGates slots(std::uint32_t index) const;  // of `Threads`
  Gate gate(std::uint32_t index) const;        // of all its requests in service
  // Of its tunnels and event streams (`MaxStreams`); nothing waits at it.
  Gate stream_gate(std::uint32_t index) const;
  void count_request(std::uint32_t index, Row row);
  std::uint64_t requests(std::uint32_t index) const;
  // Ignores a `reason` of kMaxReasons or more.
  void count_refusal(std::uint32_t index, Row row, std::uint32_t reason);
  ReasonCounts refusals(std::uint32_t index) const;
  void release_row(Row row);
  std::uint64_t mend();  // as BackendTable::mend

 private:
  MasterPart& master_;
  PerRow<RowPart> rows_;
  CommonPart& common_;
  Counters counters_;
  Refusals refusals_;
};

static_assert(kFitForSegment<ListenerTable::MasterPart>);
static_assert(kFitForSegment<ListenerTable::RowPart> && kFitForSegment<ListenerTable::CommonPart>);

}  // namespace shm
