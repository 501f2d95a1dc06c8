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

#include "shm/id_registry.h"
#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/listener_counters.h"
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
  using Cells = SparseGrid<kMaxListeners, ListenerCells>;
  using Refusals = SparseGrid<kMaxListeners, RefusalCells>;
  struct MasterPart {
    IdRegistry<kMaxListeners> ids;
    SlotGates::MasterPart slots[kMaxListeners];
    Gate::MasterPart stream_gates[kMaxListeners];
  };
  struct RowPart {
    SlotGates::RowPart slots[kMaxListeners];
    Gate::RowPart stream_gates[kMaxListeners];
    Cells::RowPart cells;
    Refusals::RowPart refusals;
  };
  struct CommonPart {
    Cells::CommonPart cells;
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
  // For the process of `row`, to count in; they stay where they are.
  ListenerCells& cells(std::uint32_t index, Row row);
  ListenerCounters counters(std::uint32_t index) const;  // of all processes, dead ones included
  // Ignores a `reason` of kMaxReasons or more.
  void count_refusal(std::uint32_t index, Row row, std::uint32_t reason);
  ReasonCounts refusals(std::uint32_t index) const;
  void release_row(Row row);
  std::uint64_t mend();  // as BackendTable::mend

 private:
  MasterPart& master_;
  PerRow<RowPart> rows_;
  CommonPart& common_;
  Cells cells_;
  Refusals refusals_;
};

static_assert(kFitForSegment<ListenerTable::MasterPart>);
static_assert(kFitForSegment<ListenerTable::RowPart> && kFitForSegment<ListenerTable::CommonPart>);

}  // namespace shm
