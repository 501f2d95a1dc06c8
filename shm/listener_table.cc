// Listeners: ids, gates and counters of the segment. No system call, no lock.
#include "shm/listener_table.h"

namespace shm {

void RefusalCells::clear() {
  for (std::atomic<std::uint64_t>& cell : by_reason) cell.store(0, std::memory_order_relaxed);
}

std::optional<std::uint32_t> ListenerTable::enroll(ListenerId id, std::uint32_t limit) {
  const auto is_idle = [this](std::uint32_t index) {
    return gate(index).in_service(kMaxRows) == 0 && gate(index).waiting(kMaxRows) == 0 &&
           stream_gates_[index].in_service(kMaxRows) == 0;
  };
  const auto entry = ids_.take(id, is_idle);
  if (!entry) return std::nullopt;
  if (entry->is_new) {
    counters_.restart(entry->index);
    refusals_.restart(entry->index);
    slots_[entry->index].set_limit(limit);
  }
  return entry->index;
}

void ListenerTable::retire(std::uint32_t index) { ids_.retire(index); }

std::uint32_t ListenerTable::size() const { return ids_.size(); }

bool ListenerTable::enrolled(std::uint32_t index) const { return ids_.enrolled(index); }

SlotGates& ListenerTable::slots(std::uint32_t index) { return slots_[index]; }

Gate& ListenerTable::gate(std::uint32_t index) { return slots_[index].all; }

const Gate& ListenerTable::gate(std::uint32_t index) const { return slots_[index].all; }

Gate& ListenerTable::stream_gate(std::uint32_t index) { return stream_gates_[index]; }

void ListenerTable::count_request(std::uint32_t index, Row row) { counters_.count(index, row, 0); }

std::uint64_t ListenerTable::requests(std::uint32_t index) const {
  return counters_.sums(index)[0];
}

void ListenerTable::count_refusal(std::uint32_t index, Row row, std::uint32_t reason) {
  RefusalCells* const cells = reason < kMaxReasons ? refusals_.take(index, row) : nullptr;
  if (cells == nullptr) return;
  std::atomic<std::uint64_t>& cell = cells->by_reason[reason];
  cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
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

void ListenerTable::release_row(Row row) {
  for (std::uint32_t index = 0; index < size(); ++index) {
    slots_[index].release_row(row);
    stream_gates_[index].release_row(row);
  }
}

}  // namespace shm
