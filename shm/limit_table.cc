// Limits: ids and counters of the segment. No system call, no lock.
#include "shm/limit_table.h"

namespace shm {

std::optional<std::uint32_t> LimitTable::enroll(LimitId id) {
  const auto entry = ids_.take(id, [](std::uint32_t) { return true; });
  if (!entry) return std::nullopt;
  if (entry->is_new) counters_.restart(entry->index);
  return entry->index;
}

LimitCounters LimitTable::counters(std::uint32_t index) const {
  const auto sums = counters_.sums(index);
  const auto sum = [&](LimitField field) { return sums[static_cast<std::size_t>(field)]; };
  return {.passed = sum(LimitField::passed),
          .over = sum(LimitField::over),
          .connections_over = sum(LimitField::connections_over),
          .evicted = sum(LimitField::evicted)};
}

}  // namespace shm
