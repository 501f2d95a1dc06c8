// The number of rows of a grid that were ever written: where scans over the grid end.
//
// Kept by the writers, so that a reader does not touch rows that never counted: reading shared
// memory makes it resident. Never goes down, unless a worker writes what it must not: then counts
// are missing from the status. Values above kMaxRows are not trusted.
#pragma once

#include <algorithm>
#include <atomic>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

class RowBound {
 public:
  // Call this at each write to `row`. Costs one relaxed load except for the first time.
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

  std::atomic<Row> rows_{0};  // 1 + the highest row so far
};

}  // namespace shm
