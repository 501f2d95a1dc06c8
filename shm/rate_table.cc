// The words of clients and their rates: see rate_table.h. No system call, no lock.
#include "shm/rate_table.h"

#include <algorithm>

namespace shm {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

constexpr int kTimeBits = 42;
constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kTimeBits) - 1;
static_assert(2 * kMostAheadUs < kTimeMask, "a time that has passed does not look far ahead");

// Another worker that wins the word has counted a request. Only an attacker can win so often.
constexpr int kMostAttempts = 100;

std::uint64_t tag_of(SessionKey key) { return key.low << kTimeBits; }

// 0 for an entry that says nothing.
std::uint64_t ahead_us(std::uint64_t word, std::uint64_t now_us) {
  const std::uint64_t ahead = (word - now_us) & kTimeMask;
  return word != 0 && ahead <= kMostAheadUs ? ahead : 0;
}

// Maps 32 uniform bits to 0 .. `size` - 1.
std::uint32_t scale(std::uint64_t bits, std::uint32_t size) {
  return static_cast<std::uint32_t>((bits & 0xffffffff) * size >> 32);
}

std::uint32_t buckets_for(std::uint32_t max_clients) {
  const std::uint64_t entries = (std::uint64_t{max_clients} * 3 + 1) / 2;
  // At least two, because a key has two buckets.
  return static_cast<std::uint32_t>(
      std::max<std::uint64_t>(2, (entries + kRatesPerBucket - 1) / kRatesPerBucket));
}

}  // namespace

std::size_t RateTable::bytes_for(std::uint32_t max_clients) {
  return std::size_t{buckets_for(max_clients)} * sizeof(RateBucket);
}

RateTable::RateTable(MasterPart& master, void* memory, std::uint32_t max_clients)
    : master_(master),
      buckets_(static_cast<RateBucket*>(memory)),
      size_(buckets_for(max_clients)) {}

// The entry of `key`; or else the first free one, so that two workers that look for room at the
// same time meet there; or else the live one with the smallest time.
RateTable::Place RateTable::find(SessionKey key, std::uint64_t now_us) const {
  const std::uint32_t first = scale(key.high >> 32, size_);
  const std::uint32_t step = 1 + scale(key.high, size_ - 1);  // so that the second is another one
  Place own;
  Place free;
  // Never left as it is: no entry is further ahead than kMostAheadUs.
  Place least{
      .cell = &buckets_[first].words[0], .word = 0, .ahead_us = kMostAheadUs + 1, .is_other = true};
  for (const std::uint64_t at : {std::uint64_t{first}, (std::uint64_t{first} + step) % size_}) {
    for (std::atomic<std::uint64_t>& cell : buckets_[at].words) {
      const std::uint64_t word = cell.load(kRelaxed);
      const std::uint64_t ahead = ahead_us(word, now_us);
      if (ahead == 0) {
        if (free.cell == nullptr) free = {&cell, word, 0, false};
      } else if ((word & ~kTimeMask) == tag_of(key)) {
        if (ahead > own.ahead_us) own = {&cell, word, ahead, false};
      } else if (ahead < least.ahead_us) {
        least = {&cell, word, ahead, true};
      }
    }
    if (own.cell != nullptr) return own;
  }
  return free.cell != nullptr ? free : least;
}

RateVerdict RateTable::pass(SessionKey key, Rate rate, std::uint64_t now_us) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const Place place = find(key, now_us);
    const bool is_own = !place.is_other && place.ahead_us <= rate.horizon_us + kRateSkewUs;
    const std::uint64_t ahead = is_own ? place.ahead_us : 0;
    const std::uint64_t then = ahead + rate.interval_us;
    if (then > rate.horizon_us) {
      return {.passes = false, .evicted = false, .wait_us = then - rate.horizon_us};
    }
    std::uint64_t seen = place.word;
    const std::uint64_t fresh = tag_of(key) | ((now_us + then) & kTimeMask);
    if (place.cell->compare_exchange_strong(seen, fresh, kRelaxed)) {
      return {.passes = true, .evicted = place.is_other, .wait_us = 0};
    }
  }
  return {};
}

void RateTable::set_longest(std::uint64_t horizon_us) {
  master_.longest_us.store(horizon_us, kRelaxed);
}

std::uint64_t RateTable::mend(std::uint32_t first, std::uint32_t count, std::uint64_t now_us) {
  const std::uint64_t longest = master_.longest_us.load(kRelaxed);
  if (longest == 0) return 0;
  std::uint64_t mended = 0;
  for (std::uint32_t i = first; i < size_ && i - first < count; ++i) {
    for (std::atomic<std::uint64_t>& cell : buckets_[i].words) {
      std::uint64_t word = cell.load(kRelaxed);
      // Another word is there now if the exchange fails; it is a worker's that lives.
      if (ahead_us(word, now_us) > longest + kRateSkewUs &&
          cell.compare_exchange_strong(word, 0, kRelaxed)) {
        ++mended;
      }
    }
  }
  return mended;
}

}  // namespace shm
