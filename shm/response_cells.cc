// Responses by class and time: see response_cells.h. No system call, no lock.
#include "shm/response_cells.h"

#include <algorithm>

namespace shm {

ResponseClass response_class(int status) {
  if (status < 100) return ResponseClass::none;
  return static_cast<ResponseClass>(std::min(status / 100, 5));
}

// From the shortest on, since most responses are quick.
void ResponseCells::count_time(std::uint64_t us) {
  std::size_t bucket = 0;
  while (bucket < kTimeBounds.size() && us > kTimeBounds[bucket]) ++bucket;
  add_to(by_time[bucket], 1);
  add_to(total_us, us);
}

void ResponseCells::clear() {
  for (std::atomic<std::uint64_t>& cell : by_class) cell.store(0, std::memory_order_relaxed);
  for (std::atomic<std::uint64_t>& cell : by_time) cell.store(0, std::memory_order_relaxed);
  total_us.store(0, std::memory_order_relaxed);
}

void ResponseSums::add(const ResponseCells& cells) {
  for (std::size_t i = 0; i < kResponseClasses; ++i) {
    by_class[i] += cells.by_class[i].load(std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < kTimeBuckets; ++i) {
    by_time[i] += cells.by_time[i].load(std::memory_order_relaxed);
  }
  total_us += cells.total_us.load(std::memory_order_relaxed);
}

}  // namespace shm
