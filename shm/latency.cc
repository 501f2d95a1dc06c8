// Buckets of time: see latency.h. No system call, no lock.
#include "shm/latency.h"

#include <algorithm>
#include <bit>

namespace shm {
namespace {

constexpr unsigned kUnitBits = 5;     // the resolution is 32 us
constexpr unsigned kQuarterBits = 2;  // four buckets for each doubling
constexpr std::uint64_t kQuarters = 1 << kQuarterBits;

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

std::uint32_t latency_bucket(std::uint64_t us) {
  const std::uint64_t units = us >> kUnitBits;
  if (units < kQuarters) return static_cast<std::uint32_t>(units);
  const unsigned doublings = static_cast<unsigned>(std::bit_width(units)) - kQuarterBits - 1;
  const std::uint64_t bucket = doublings * kQuarters + (units >> doublings);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(bucket, kLatencyBuckets - 1));
}

std::uint64_t latency_middle_us(std::uint32_t bucket) {
  constexpr std::uint64_t kHalfUnit = 1 << (kUnitBits - 1);
  if (bucket < kQuarters) return (2 * std::uint64_t{bucket} + 1) * kHalfUnit;
  const unsigned doublings = static_cast<unsigned>(bucket / kQuarters) - 1;
  const std::uint64_t quarter = bucket % kQuarters + kQuarters;
  return ((2 * quarter + 1) << doublings) * kHalfUnit;
}

void LatencyCells::count(std::uint64_t us) {
  std::atomic<std::uint32_t>& cell = counts_[latency_bucket(us)];
  cell.store(cell.load(kRelaxed) + 1, kRelaxed);
  const std::uint32_t total = total_.load(kRelaxed) + 1;
  total_.store(total, kRelaxed);
  if (total >= kLatencyMemory) fade();
}

// A process that is killed half-way has halved only some cells. The weight of old times is then a
// little off until the next call.
void LatencyCells::fade() {
  std::uint32_t total = 0;
  for (std::atomic<std::uint32_t>& cell : counts_) {
    const std::uint32_t half = cell.load(kRelaxed) / 2;
    cell.store(half, kRelaxed);
    total += half;
  }
  total_.store(total, kRelaxed);
}

void LatencyCells::clear() {
  for (std::atomic<std::uint32_t>& cell : counts_) cell.store(0, kRelaxed);
  total_.store(0, kRelaxed);
}

void LatencySums::add(const LatencyCells& cells) {
  for (std::uint32_t bucket = 0; bucket < kLatencyBuckets; ++bucket) {
    const std::uint32_t count = cells.counts_[bucket].load(kRelaxed);
    counts_[bucket] += count;
    total_ += count;
  }
}

void LatencySums::add(const LatencySums& other) {
  total_ += other.total_;
  for (std::uint32_t i = 0; i < kLatencyBuckets; ++i) counts_[i] += other.counts_[i];
}

std::optional<std::uint64_t> LatencySums::percentile_us(unsigned percent) const {
  if (total_ == 0) return std::nullopt;
  const std::uint64_t rank = std::max<std::uint64_t>(1, (total_ * percent + 99) / 100);
  std::uint64_t seen = 0;
  for (std::uint32_t bucket = 0; bucket < kLatencyBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return latency_middle_us(bucket);
  }
  return latency_middle_us(kLatencyBuckets - 1);
}

}  // namespace shm
