// Which credentials were found right a short time ago, so that only the first request of a user
// pays for the check of a password.
//
// Written by the process that checks passwords (worker/auth/helper.h), of any generation, and read
// by every worker. Holds keyed hashes, never a user or a password. An entry counts for kRememberMs
// from the check, however often it is used. When its bucket is full, the oldest entry goes: its
// user pays again. Wrong credentials are never in it.
//
// Two helpers may write at the same time, during a reload. Each word is written whole, and a torn
// entry has the hash of one and the time of the other, which are both right.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

inline constexpr std::uint64_t kRememberMs = 600'000;

class Remembered {
 public:
  static constexpr std::size_t kBuckets = 512;
  static constexpr std::size_t kEntries = 8;  // of a bucket

  // Times are CLOCK_MONOTONIC milliseconds. All bits of a key are uniform (route/keyed_hash.h).
  void add(const SessionKey& key, std::uint64_t now_ms);
  bool knows(const SessionKey& key, std::uint64_t now_ms) const;

 private:
  struct Entry {
    std::atomic<std::uint64_t> tag;       // 0: none
    std::atomic<std::uint64_t> until_ms;  // it counts before this time
  };

  Entry entries_[kBuckets][kEntries];
};

// All that the helper writes: zero bytes at first.
struct AuthMemory {
  Remembered remembered;
  std::atomic<std::uint64_t> checks;        // passwords that were checked, since the start
  std::atomic<std::uint64_t> matches;       // of these, right ones
  std::atomic<std::uint32_t> refused_call;  // 1 + the number of a refused system call; 0: none
};

static_assert(kFitForSegment<AuthMemory>);

}  // namespace shm
