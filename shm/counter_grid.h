// Counters of many things, counted by many processes: one cell for each row, thing and field.
//
// The cells lie row by row. So a process writes only to pages of its own, no cache line moves
// between workers, and the pages of unused rows and things stay untouched. With the things first,
// each thing would cost a page of mostly unused rows. A cell has one writer and is never set back,
// not even when its process dies: the row's next process counts on from there. So nothing has to be
// folded or repaired, totals never go down, and no count is lost.
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

  // By the master, while no process counts there: gives `column` to a new thing, with counters at
  // 0.
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
