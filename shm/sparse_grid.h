// Large cells for the few pairs of row and thing that need one: a pair gets its block when the
// row's process first counts there.
//
// A view, private to a process. Every pair has a place for its block, but its pages become resident
// only when they are used. So a reader does not touch blocks that are not marked as used. A block
// has one writer, the row's process.
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/per_row.h"
#include "shm/row_bound.h"

namespace shm {

// Zero bytes must be a valid, empty Block; `clear()` empties a Block again.
template <std::uint32_t kColumns, class Block>
class SparseGrid {
 public:
  struct RowPart {
    std::atomic<std::uint8_t> is_used[kColumns]{};
    alignas(kCacheLine) Block blocks[kColumns]{};
  };
  using CommonPart = RowBound;

  SparseGrid(PerRow<RowPart> rows, CommonPart& bound) : rows_(rows), bound_(bound) {}

  // For the row's own process.
  Block& take(std::uint32_t column, Row row) {
    RowPart& own = rows_[row];
    if (own.is_used[column].load(std::memory_order_relaxed) == 0) {
      // First, because a process may die here: every block in use must be within the bound.
      bound_.include(row);
      own.is_used[column].store(1, std::memory_order_release);
    }
    return own.blocks[column];
  }

  // Calls `visit(block)` for each row's block of `column`.
  template <class Visit>
  void each(std::uint32_t column, Visit visit) const {
    for (Row row = 0; row < bound_.rows(); ++row) {
      if (is_used(column, row)) visit(rows_[row].blocks[column]);
    }
  }

  // By the master, while no process counts there: gives `column` to a new thing, with empty blocks.
  void restart(std::uint32_t column) {
    for (Row row = 0; row < bound_.rows(); ++row) {
      if (is_used(column, row)) rows_[row].blocks[column].clear();
    }
  }

 private:
  bool is_used(std::uint32_t column, Row row) const {
    return rows_[row].is_used[column].load(std::memory_order_acquire) != 0;
  }

  PerRow<RowPart> rows_;
  CommonPart& bound_;
};

}  // namespace shm
