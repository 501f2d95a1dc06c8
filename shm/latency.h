// How long a backend takes to answer: a histogram in logarithmic buckets, and what is read off it.
//
// Buckets: 4 of 32 us, then 4 for each doubling, up to 38 hours. So a bucket is at most 25 % wide;
// its middle is what is told, which is within 12.5 % of the truth (16 us below 128 us). Cells have
// one writer. When one has counted kLatencyMemory responses it halves its cells, so that old times
// fade: the figures are of the last 32 768 to 65 536 responses of each worker.
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

// In shared memory: what one process counts for one backend.
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

// A private copy, added up over processes.
class LatencySums {
 public:
  void add(const LatencyCells& cells);
  std::uint64_t total() const { return total_; }
  // The time that `percent` of the responses did not exceed; nothing when there are none.
  std::optional<std::uint64_t> percentile_us(unsigned percent) const;

 private:
  std::uint64_t total_ = 0;
  std::array<std::uint64_t, kLatencyBuckets> counts_{};
};

}  // namespace shm
