// Stickiness for all workers: which backend a session key belongs to, until it is not used for ttl.
//
// This object is a view, private to a process; the entries lie in shared memory that the segment
// owns. 256 shards, each with its own robust lock and buckets of 8 entries of 32 bytes:
//   bucket, 256 bytes:  low[8]      the commit word: 0 = free; written last, cleared first
//                       high[8]     the other half of the key
//                       backend[8]  BackendId
//                       times[8]    last_used (s) << 32 | ttl (s)
// A key may be in one of two buckets of its shard and goes to the emptier one, which lets more than
// 2/3 of the entries be used before any has to go: there are 3/2 * `max_sessions` of them, 48 bytes
// for each session. What has expired is overwritten first, then what was used longest ago in the
// two buckets. The service is part of the key, and its row a part that can be read. An entry is
// whole or not there at every instruction; a shard whose holder was killed is checked, mended and
// counted by the next one to come. No system call, no allocation. Times are CLOCK_MONOTONIC
// milliseconds, ttl is seconds (1 … 2^31-1).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/robust_mutex.h"

namespace shm {

inline constexpr std::uint32_t kDefaultMaxSessions = 262144;
inline constexpr std::uint32_t kSessionShards = 256;
inline constexpr std::uint32_t kSessionsPerBucket = 8;

// Bits 8..31 of a key's upper half choose neither its shard nor its buckets. They are the row of
// its service instead of more hash: so sessions are told apart by service without more memory and
// without more to keep consistent. 104 bits of the hash are left.
inline constexpr int kServiceTagShift = 8;
inline constexpr std::uint64_t kServiceTagMask = 0xffffff;
static_assert(kMaxServices <= kServiceTagMask + 1);

inline SessionKey with_service(SessionKey key, std::uint32_t service) {
  key.high &= ~(kServiceTagMask << kServiceTagShift);
  key.high |= (service & kServiceTagMask) << kServiceTagShift;
  return key;
}
inline std::uint32_t service_of(SessionKey key) {
  return static_cast<std::uint32_t>((key.high >> kServiceTagShift) & kServiceTagMask);
}

struct SessionBucket {
  alignas(kCacheLine) std::atomic<std::uint64_t> low[kSessionsPerBucket]{};
  std::atomic<std::uint64_t> high[kSessionsPerBucket]{};
  std::atomic<BackendId> backend[kSessionsPerBucket]{};
  std::atomic<std::uint64_t> times[kSessionsPerBucket]{};
};

// Written under the lock, read without it.
struct SessionShard {
  alignas(kCacheLine) RobustMutex mutex;
  std::atomic<std::uint32_t> stored{0};
  std::atomic<std::uint64_t> evicted{0};    // had to go although they had not expired
  std::atomic<std::uint64_t> recovered{0};  // times that a killed holder was found
  std::atomic<std::uint64_t> wiped{0};      // entries that made no sense then
};

static_assert(kFitForSegment<SessionBucket> && sizeof(SessionBucket) == 256);
static_assert(kFitForSegment<SessionShard> && sizeof(SessionShard) == 128);

struct SessionTotals {
  std::uint64_t live = 0;    // not expired
  std::uint64_t stored = 0;  // the expired ones that nobody met again yet, too
  std::uint64_t room = 0;    // entries in all
  std::uint64_t evicted = 0;
  std::uint64_t recovered = 0;
  std::uint64_t wiped = 0;
};

// What a walk over the whole table finds; all but `stored` and `counted` are faults.
struct SessionAudit {
  std::uint64_t stored = 0;   // entries seen
  std::uint64_t counted = 0;  // what the shards believe
  std::uint64_t misplaced = 0;
  std::uint64_t duplicates = 0;
};

// In production faults cost nothing; a test kills its process at the n-th point.
struct NoFaults {
  static void point() {}
};

template <class Faults>
class SessionTableBase {
 public:
  // Bytes of memory for so many sessions, and its one-time preparation: it must be zero, shared and
  // aligned to kCacheLine. Throws std::system_error.
  static std::size_t bytes_for(std::uint32_t max_sessions);
  static void format(void* memory);

  // `memory` was formatted and outlives the view.
  SessionTableBase(void* memory, std::uint32_t max_sessions);

  // The backend of `key`; its idle time starts anew.
  std::optional<BackendId> look_up(SessionKey key, std::uint64_t now_ms);
  // Adds or replaces.
  void remember(SessionKey key, BackendId backend, std::uint32_t ttl_s, std::uint64_t now_ms);
  // As remember, unless the session has a backend and this is not `instead_of`: then that one is
  // returned, and its idle time starts anew. So of several who begin a session at once, one wins.
  BackendId bind(SessionKey key, BackendId backend, std::optional<BackendId> instead_of,
                 std::uint32_t ttl_s, std::uint64_t now_ms);
  void forget(SessionKey key);
  std::uint64_t forget_backend(BackendId backend);  // how many they were

  // Takes no lock: what changes while it walks may be counted twice or not at all, or with the
  // service that had the entry before. `by_service`, zeros by row, gets the live ones of each.
  SessionTotals totals(std::uint64_t now_ms, std::span<std::uint64_t> by_service = {}) const;
  SessionAudit audit();  // takes each lock in turn, mends nothing else

 private:
  struct Place {
    SessionBucket* bucket = nullptr;
    std::uint32_t slot = 0;
  };
  class Lock;

  static std::uint32_t buckets_per_shard(std::uint32_t max_sessions);
  SessionBucket* buckets_of(std::uint32_t shard) const {
    return buckets_ + std::size_t{shard} * per_shard_;
  }
  void homes(SessionKey key, SessionBucket* (&both)[2]) const;
  Place find(SessionKey key) const;
  // The lock is held.
  std::optional<BackendId> use(Place place, std::uint32_t now_s, SessionShard& shard);
  void put(Place place, SessionKey key, BackendId backend, std::uint32_t ttl_s, std::uint32_t now_s,
           SessionShard& shard);
  Place make_room(SessionKey key, std::uint32_t now_s, SessionShard& shard);
  void fill(Place place, SessionKey key, BackendId backend, std::uint64_t times,
            SessionShard& shard);
  static void clear(Place place, SessionShard& shard);
  bool is_misplaced(SessionKey key, std::uint32_t shard, const SessionBucket* bucket) const;
  void repair(std::uint32_t shard);
  SessionAudit audit_shard(std::uint32_t shard) const;

  SessionShard* shards_;
  SessionBucket* buckets_;
  std::uint32_t per_shard_;
};

extern template class SessionTableBase<NoFaults>;
using SessionTable = SessionTableBase<NoFaults>;

}  // namespace shm
