// Counters of many things, counted by many processes: one cell for each row, thing and field.
//
// Laid out row by row: a process writes to pages that are its own, so that no cache line bounces
// between workers and the pages of unused rows and things are never touched (with the things
// first, each would cost a page of mostly unused rows). A cell has one writer and is never set
// back, not even when its process dies: the row's next process counts on from there. So there is
// nothing to fold and nothing to repair, totals never go down, and nothing counted gets lost.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/row_bound.h"

namespace shm {

template <std::uint32_t kColumns, std::uint32_t kFields>
class CounterGrid {
 public:
  using Sums = std::array<std::uint64_t, kFields>;

  void count(std::uint32_t column, Row row, std::uint32_t field) {
    std::atomic<std::uint64_t>& cell = cells_[row][column][field];
    cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    bound_.include(row);
  }

  Sums sums(std::uint32_t column) const {
    Sums total = counted(column);
    for (std::uint32_t field = 0; field < kFields; ++field) {
      total[field] -= base_[column][field].load(std::memory_order_relaxed);
    }
    return total;
  }

  // Lets `column` stand for something new, with counters at 0; by the master, while nobody counts.
  void restart(std::uint32_t column) {
    const Sums total = counted(column);
    for (std::uint32_t field = 0; field < kFields; ++field) {
      base_[column][field].store(total[field], std::memory_order_relaxed);
    }
  }

 private:
  Sums counted(std::uint32_t column) const {
    Sums total{};
    for (Row row = 0; row < bound_.rows(); ++row) {
      for (std::uint32_t field = 0; field < kFields; ++field) {
        total[field] += cells_[row][column][field].load(std::memory_order_relaxed);
      }
    }
    return total;
  }

  RowBound bound_;
  std::atomic<std::uint64_t> base_[kColumns][kFields]{};
  alignas(kCacheLine) std::atomic<std::uint64_t> cells_[kMaxRows][kColumns][kFields]{};
};

}  // namespace shm
