// Listeners: ids, gates and counters of the segment. No system call, no lock.
#include "shm/listener_table.h"

namespace shm {

void RefusalCells::clear() {
  for (std::atomic<std::uint64_t>& cell : by_reason) cell.store(0, std::memory_order_relaxed);
}

ListenerTable::ListenerTable(MasterPart& master, PerRow<RowPart> rows, CommonPart& common)
    : master_(master),
      rows_(rows),
      common_(common),
      cells_(rows.at(&rows[0].cells), common.cells),
      refusals_(rows.at(&rows[0].refusals), common.refusals) {}

std::optional<std::uint32_t> ListenerTable::enroll(ListenerId id, std::uint32_t limit) {
  const auto is_idle = [this](std::uint32_t index) {
    return gate(index).in_service(kMaxRows) == 0 && gate(index).waiting(kMaxRows) == 0 &&
           stream_gate(index).in_service(kMaxRows) == 0;
  };
  const auto entry = master_.ids.take(id, is_idle);
  if (!entry) return std::nullopt;
  if (entry->is_new) {
    cells_.restart(entry->index);
    refusals_.restart(entry->index);
    slots(entry->index).set_limit(limit);
  }
  return entry->index;
}

void ListenerTable::retire(std::uint32_t index) { master_.ids.retire(index); }

std::uint32_t ListenerTable::size() const { return master_.ids.size(); }

bool ListenerTable::enrolled(std::uint32_t index) const { return master_.ids.enrolled(index); }

SlotGates ListenerTable::slots(std::uint32_t index) const {
  return {master_.slots[index], rows_.at(&rows_[0].slots[index]), common_.slots[index]};
}

Gate ListenerTable::gate(std::uint32_t index) const { return slots(index).all; }

Gate ListenerTable::stream_gate(std::uint32_t index) const {
  return {master_.stream_gates[index], rows_.at(&rows_[0].stream_gates[index]),
          common_.stream_gates[index]};
}

ListenerCells& ListenerTable::cells(std::uint32_t index, Row row) {
  return cells_.take(index, row);
}

ListenerCounters ListenerTable::counters(std::uint32_t index) const {
  ListenerCounters sums;
  cells_.each(index, [&](const ListenerCells& cells) { sums.add(cells); });
  return sums;
}

void ListenerTable::count_refusal(std::uint32_t index, Row row, std::uint32_t reason) {
  if (reason >= kMaxReasons) return;
  add_to(refusals_.take(index, row).by_reason[reason], 1);
}

ReasonCounts ListenerTable::refusals(std::uint32_t index) const {
  ReasonCounts sums{};
  refusals_.each(index, [&](const RefusalCells& cells) {
    for (std::uint32_t reason = 0; reason < kMaxReasons; ++reason) {
      sums[reason] += cells.by_reason[reason].load(std::memory_order_relaxed);
    }
  });
  return sums;
}

std::uint64_t ListenerTable::mend() {
  std::uint64_t mended = 0;
  for (std::uint32_t index = 0; index < size(); ++index) {
    mended += slots(index).mend() + (stream_gate(index).mend() ? 1 : 0);
  }
  return mended;
}

void ListenerTable::release_row(Row row) {
  for (std::uint32_t index = 0; index < size(); ++index) {
    slots(index).release_row(row);
    stream_gate(index).release_row(row);
  }
}

}  // namespace shm
