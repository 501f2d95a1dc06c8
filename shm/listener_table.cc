// Listeners: ids, gates and counters of the segment, put together. No system call, no lock.
#include "shm/listener_table.h"

namespace shm {

std::optional<std::uint32_t> ListenerTable::enroll(ListenerId id, std::uint32_t limit) {
  const auto is_idle = [this](std::uint32_t index) {
    return gates_[index].in_service(kMaxRows) == 0 && gates_[index].waiting(kMaxRows) == 0;
  };
  const auto place = ids_.take(id, is_idle);
  if (!place) return std::nullopt;
  if (place->fresh) counters_.restart(place->index);
  gates_[place->index].set_limit(limit);
  return place->index;
}

void ListenerTable::retire(std::uint32_t index) { ids_.retire(index); }

std::uint32_t ListenerTable::size() const { return ids_.size(); }

bool ListenerTable::enrolled(std::uint32_t index) const { return ids_.enrolled(index); }

Gate& ListenerTable::gate(std::uint32_t index) { return gates_[index]; }

const Gate& ListenerTable::gate(std::uint32_t index) const { return gates_[index]; }

void ListenerTable::count_request(std::uint32_t index, Row row) { counters_.count(index, row, 0); }

std::uint64_t ListenerTable::requests(std::uint32_t index) const {
  return counters_.sums(index)[0];
}

void ListenerTable::release_row(Row row) {
  for (std::uint32_t index = 0; index < size(); ++index) gates_[index].release_row(row);
}

}  // namespace shm
