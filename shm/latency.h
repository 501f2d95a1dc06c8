// How long a backend takes to respond: a histogram with logarithmic buckets, and its percentiles.
//
// There are 4 buckets of 32 us, then 4 for each doubling, up to 38 hours. So a bucket is at most
// 25 % wide. Percentiles are given as the middle of a bucket, within 12.5 % of the true time (16 us
// below 128 us). Each cell has one writer. A process that has counted kLatencyMemory responses
// halves its cells, so that old times fade: the figures cover the last 32 768 to 65 536 responses
// of each worker.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "shm/layout.h"

namespace shm {

inline constexpr std::uint32_t kLatencyBuckets = 124;
inline constexpr std::uint32_t kLatencyMemory = 65536;

std::uint32_t latency_bucket(std::uint64_t us);
std::uint64_t latency_middle_us(std::uint32_t bucket);

// In shared memory: the histogram of one process for one backend.
class alignas(kCacheLine) LatencyCells {
 public:
  void count(std::uint64_t us);
  void clear();

 private:
  friend class LatencySums;
  void fade();

  std::atomic<std::uint32_t> total_{0};
  std::atomic<std::uint32_t> counts_[kLatencyBuckets]{};
};

static_assert(kFitForSegment<LatencyCells> && sizeof(LatencyCells) == 512);

// The sum over processes, in private memory.
class LatencySums {
 public:
  void add(const LatencyCells& cells);
  void add(const LatencySums& other);
  std::uint64_t total() const { return total_; }
  // The time that `percent` of the responses did not exceed. Nothing without responses.
  std::optional<std::uint64_t> percentile_us(unsigned percent) const;

 private:
  std::uint64_t total_ = 0;
  std::array<std::uint64_t, kLatencyBuckets> counts_{};
};

}  // namespace shm
