// How far each client is ahead of its rate: one word for each client and limit, for all workers.
//
// The word is a GCRA: a tag (22 bits of the client's key) and the time (42 bits, microseconds of
// CLOCK_MONOTONIC) at which a client that goes exactly at its rate would send its next request. A
// request moves that time by one interval, with one compare-and-swap. It is over the limit when the
// time would then be further ahead than a burst. So the count is exact over workers, there is no
// lock, and a worker may be killed at any instruction. An entry whose time has passed says nothing
// and is free.
//
// The times wrap after 50 days. A time that is further ahead than any burst counts as passed. So an
// entry that nobody has used for 50 days looks ahead again, for about as long as a burst takes. It
// does harm only if its own client comes in just that time, after 50 days, and if nobody has needed
// the room since: then that client finds its burst used up, and gets it back at its rate.
//
// A key may be in either of two buckets of 8 words, one cache line each. There are 3/2 entries for
// each of `max_clients`. When both buckets are full, the entry with the smallest time goes. Its
// client begins afresh, so the limit of that client becomes less strict, never stricter. Two
// clients with the same tag in the same buckets count as one: four of a million.
//
// All workers may write all of this memory. After one has died violently the master clears times
// that no limit in force can have set. This object is a view, private to a process. No call blocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

inline constexpr std::uint32_t kDefaultMaxLimits = 262144;
inline constexpr std::uint32_t kRatesPerBucket = 8;
// More than the longest time in which a burst is given back, which is a day.
inline constexpr std::uint64_t kMostAheadUs = std::uint64_t{25} * 3600 * 1'000'000;
// How much two workers may differ about the time: each reads its clock once in a turn of its loop.
inline constexpr std::uint64_t kRateSkewUs = 10'000'000;

// What one client may do. `interval_us` is not 0, `horizon_us` is a multiple of it and at most
// kMostAheadUs.
struct Rate {
  std::uint64_t interval_us = 0;  // between two requests at exactly the rate
  std::uint64_t horizon_us = 0;   // the interval times the burst
};

struct RateVerdict {
  bool passes = true;
  bool evicted = false;       // another client's entry had to go
  std::uint64_t wait_us = 0;  // if it does not pass: until one request would
};

struct RateBucket {
  alignas(kCacheLine) std::atomic<std::uint64_t> words[kRatesPerBucket]{};
};

class RateTable {
 public:
  struct MasterPart {
    std::atomic<std::uint64_t> longest_us{0};
  };

  static std::size_t bytes_for(std::uint32_t max_clients);

  // `memory` is shared, was zero when the first view was made, is aligned to kCacheLine, and
  // outlives this view.
  RateTable(MasterPart& master, void* memory, std::uint32_t max_clients);

  // Counts one request of the client and limit that `key` stands for, unless it is over the limit.
  // `key`: uniform in all bits. An entry that is further ahead than `rate` can make it is from
  // before a reload, and its client begins afresh.
  RateVerdict pass(SessionKey key, Rate rate, std::uint64_t now_us);

  // By the master: the longest horizon of the limits in force; 0 for none.
  void set_longest(std::uint64_t horizon_us);
  // By the master, after a process died violently: clears entries of `count` buckets, from bucket
  // `first` on, that are further ahead than the longest horizon. Returns their number. Touches
  // nothing when no limit is in force.
  std::uint64_t mend(std::uint32_t first, std::uint32_t count, std::uint64_t now_us);
  std::uint32_t buckets() const { return size_; }

 private:
  struct Place {
    std::atomic<std::uint64_t>* cell = nullptr;
    std::uint64_t word = 0;
    std::uint64_t ahead_us = 0;
    bool is_other = false;  // a live entry of another client
  };
  Place find(SessionKey key, std::uint64_t now_us) const;

  MasterPart& master_;
  RateBucket* buckets_;
  std::uint32_t size_;
};

static_assert(sizeof(RateBucket) == kCacheLine && kFitForSegment<RateBucket>);
static_assert(kFitForSegment<RateTable::MasterPart>);

}  // namespace shm
