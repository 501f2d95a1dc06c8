// Counters of many things, counted by many processes: one cell for each row, thing and field.
//
// A view, private to a process. A process writes only to cells of its own row, so no cache line
// moves between workers, and the pages of unused rows and things stay untouched. A cell is never
// set back, not even when its process dies: the row's next process counts on from there. So nothing
// has to be folded or repaired, and no count is lost. Totals go down only if a worker writes what
// it must not.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/per_row.h"
#include "shm/row_bound.h"

namespace shm {

template <std::uint32_t kColumns, std::uint32_t kFields>
class CounterGrid {
 public:
  using Sums = std::array<std::uint64_t, kFields>;
  struct MasterPart {
    std::atomic<std::uint64_t> base[kColumns][kFields]{};
  };
  struct RowPart {
    std::atomic<std::uint64_t> cells[kColumns][kFields]{};
  };
  using CommonPart = RowBound;

  CounterGrid(MasterPart& master, PerRow<RowPart> rows, CommonPart& bound)
      : master_(master), rows_(rows), bound_(bound) {}

  void count(std::uint32_t column, Row row, std::uint32_t field) {
    std::atomic<std::uint64_t>& cell = rows_[row].cells[column][field];
    cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    bound_.include(row);
  }

  Sums sums(std::uint32_t column) const {
    Sums total = counted(column);
    for (std::uint32_t field = 0; field < kFields; ++field) {
      total[field] -= master_.base[column][field].load(std::memory_order_relaxed);
    }
    return total;
  }

  // By the master, while no process counts there: gives `column` to a new thing, with counters at
  // 0.
  void restart(std::uint32_t column) {
    const Sums total = counted(column);
    for (std::uint32_t field = 0; field < kFields; ++field) {
      master_.base[column][field].store(total[field], std::memory_order_relaxed);
    }
  }

 private:
  Sums counted(std::uint32_t column) const {
    Sums total{};
    for (Row row = 0; row < bound_.rows(); ++row) {
      for (std::uint32_t field = 0; field < kFields; ++field) {
        total[field] += rows_[row].cells[column][field].load(std::memory_order_relaxed);
      }
    }
    return total;
  }

  MasterPart& master_;
  PerRow<RowPart> rows_;
  CommonPart& bound_;
};

}  // namespace shm
