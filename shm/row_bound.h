// How many rows of a grid have ever been written: the bound of the scans over it.
//
// Kept by the writers, so that a reader does not even look at the rows that never counted: reading
// shared memory makes it resident. Never goes down. Not trusted beyond kMaxRows.
#pragma once

#include <algorithm>
#include <atomic>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

class RowBound {
 public:
  // After the first write of `row`; costs one relaxed load when it has been told before.
  void include(Row row) {
    if (rows_.load(std::memory_order_relaxed) <= row) raise(row + 1);
  }

  Row rows() const { return std::min(rows_.load(std::memory_order_acquire), kMaxRows); }

 private:
  void raise(Row rows) {
    Row seen = rows_.load(std::memory_order_relaxed);
    while (seen < rows && !rows_.compare_exchange_weak(seen, rows, std::memory_order_release,
                                                       std::memory_order_relaxed)) {
    }
  }

  std::atomic<Row> rows_{0};  // 1 + the highest row that was included
};

}  // namespace shm
