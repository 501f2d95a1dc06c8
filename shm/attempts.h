// How many wrong passwords each client has tried: it may try kFreeAttempts at once, and one more
// each kAttemptMs.
//
// In the common part: every worker writes it, by compare-and-swap, so the number is exact over
// workers and reloads. One word for each client: a part of its hash, and the time at which it has
// no attempt to answer for (GCRA). An attempt is taken before the check and given back if the
// password was right, so a client gains nothing by trying in parallel. When a set is full, the
// entry that is next to expire goes, and its client begins anew: never stricter. A time that cannot
// be true counts as none: a worker that was taken over may have written it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/layout.h"

namespace shm {

inline constexpr std::uint64_t kAttemptMs = 6000;
inline constexpr std::uint64_t kFreeAttempts = 10;

class Attempts {
 public:
  static constexpr std::size_t kSets = 1024;
  static constexpr std::size_t kEntries = 4;  // of a set

  // `client`: a keyed hash of its address, all bits uniform. Times are CLOCK_MONOTONIC
  // milliseconds. Returns 0 if the client may try now, else after how many milliseconds it may.
  std::uint64_t wait_ms(std::uint64_t client, std::uint64_t now_ms) const;
  // Whether it has attempts to answer for.
  bool has_failed(std::uint64_t client, std::uint64_t now_ms) const;
  // Takes an attempt. False, and no effect, when there is none.
  bool take(std::uint64_t client, std::uint64_t now_ms);
  void give_back(std::uint64_t client, std::uint64_t now_ms);

 private:
  using Word = std::atomic<std::uint64_t>;
  struct Place {
    Word* cell = nullptr;
    std::uint64_t word = 0;
    std::uint64_t debt_ms = 0;
    bool is_own = false;
  };

  Place find(std::uint64_t client, std::uint64_t now_ms);
  std::uint64_t debt_ms(std::uint64_t client, std::uint64_t now_ms) const;

  Word words_[kSets][kEntries];
};

static_assert(kFitForSegment<Attempts>);

}  // namespace shm
