// Large cells for the few pairs of row and thing that need one: a pair gets a block when the row's
// process first counts there, and keeps it.
//
// For counts that would need too much memory as a CounterGrid. There is a pool of kBlocks blocks,
// and a table of their numbers by row and column. A block has one writer, the row's process. When
// the pool is empty, pairs without a block are not counted. A process that is killed while it takes
// a block loses that block and nothing else. Numbers that are read from shared memory are checked
// before they are used.
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/row_bound.h"

namespace shm {

// Zero bytes must be a valid, empty Block; `clear()` empties a Block again.
template <std::uint32_t kColumns, std::uint32_t kBlocks, class Block>
class SparseGrid {
 public:
  // For the row's own process. Null when no block is left.
  Block* take(std::uint32_t column, Row row) {
    std::uint32_t index = index_of(column, row);
    if (index == kBlocks) {
      index = draw();
      if (index == kBlocks) return nullptr;
      numbers_[row][column].store(index + 1, std::memory_order_release);
      bound_.include(row);
    }
    return &blocks_[index];
  }

  // Calls `visit(block)` for each row's block of `column`.
  template <class Visit>
  void each(std::uint32_t column, Visit visit) const {
    for (Row row = 0; row < bound_.rows(); ++row) {
      const std::uint32_t index = index_of(column, row);
      if (index != kBlocks) visit(blocks_[index]);
    }
  }

  // By the master, while no process counts there: gives `column` to a new thing, with empty blocks.
  void restart(std::uint32_t column) {
    for (Row row = 0; row < bound_.rows(); ++row) {
      const std::uint32_t index = index_of(column, row);
      if (index != kBlocks) blocks_[index].clear();
    }
  }

  std::uint32_t blocks_left() const {
    const std::uint32_t taken = taken_.load(std::memory_order_relaxed);
    return taken < kBlocks ? kBlocks - taken : 0;
  }

 private:
  // kBlocks when the pair has no block or its number is invalid.
  std::uint32_t index_of(std::uint32_t column, Row row) const {
    const std::uint32_t number = numbers_[row][column].load(std::memory_order_acquire);
    return number == 0 || number > kBlocks ? kBlocks : number - 1;
  }

  // A free block, or kBlocks. Checks before it counts, so that failed calls cannot make the count
  // wrap.
  std::uint32_t draw() {
    if (blocks_left() == 0) return kBlocks;
    const std::uint32_t index = taken_.fetch_add(1, std::memory_order_relaxed);
    return index < kBlocks ? index : kBlocks;
  }

  RowBound bound_;
  std::atomic<std::uint32_t> taken_{0};
  std::atomic<std::uint32_t> numbers_[kMaxRows][kColumns]{};  // 0 = none, else 1 + index
  alignas(kCacheLine) Block blocks_[kBlocks]{};
};

}  // namespace shm
