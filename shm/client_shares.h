// How many slots each client address holds, over all workers: for the rule that no address holds
// more than half of a gate's slots while others wait there (worker/route/wait_queue.h).
//
// A table of counters. A client and a gate together fall into one of kBuckets, by a hash that no
// client can predict. Two that share a bucket are counted as one; then one of them may have to wait
// longer while others wait, and nothing else happens. Strangers have buckets of their own, so that
// a crowd of them costs no known client its place. Each row writes its own cells only, so
// nothing is lost when a process is killed: the master clears its row. No call blocks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/per_row.h"

namespace shm {

class ClientShares {
 public:
  static constexpr std::uint32_t kBucketsOfRank = 4096;
  static constexpr std::uint32_t kBuckets = 2 * kBucketsOfRank;
  struct RowPart {
    std::atomic<std::uint32_t> cells[kBuckets]{};
  };
  explicit ClientShares(PerRow<RowPart> rows) : rows_(rows) {}

  // The hash of a stranger's address has this bit, that of a known client's has not.
  static constexpr std::uint32_t kStranger = std::uint32_t{1} << 31;

  // `client`: a hash of its address. `gate`: a number that is the same in all workers.
  static std::uint32_t bucket(std::uint32_t client, std::uint32_t gate) {
    const std::uint32_t first = (client & kStranger) != 0 ? kBucketsOfRank : 0;
    return first + (client + gate * 0x9e3779b1U) % kBucketsOfRank;
  }

  void add(std::uint32_t bucket, Row row) { store(row, bucket, load(row, bucket) + 1); }
  void remove(std::uint32_t bucket, Row row) { store(row, bucket, load(row, bucket) - 1); }
  std::uint32_t sum(std::uint32_t bucket, std::uint32_t rows) const {
    std::uint32_t sum = 0;
    for (Row row = 0; row < std::min(rows, kMaxRows); ++row) sum += load(row, bucket);
    return sum;
  }

  // By the master, after the process of `row` died.
  void release_row(Row row) {
    for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
      if (load(row, bucket) != 0) store(row, bucket, 0);  // an unused page stays unused
    }
  }

 private:
  std::uint32_t load(Row row, std::uint32_t bucket) const {
    return rows_[row].cells[bucket].load(std::memory_order_relaxed);
  }
  void store(Row row, std::uint32_t bucket, std::uint32_t count) {
    rows_[row].cells[bucket].store(count, std::memory_order_relaxed);
  }

  PerRow<RowPart> rows_;
};

static_assert(kFitForSegment<ClientShares::RowPart>);

}  // namespace shm
