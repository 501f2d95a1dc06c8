// Stickiness for all workers: the backend of each session key, until the key is not used for `ttl`.
//
// This object is a view, private to a process; the entries lie in shared memory that the segment
// owns. There are 256 shards, each with its own robust lock and buckets of 8 entries of 32 bytes:
//   bucket, 256 bytes:  low[8]      the commit word: 0 = free; written last, cleared first
//                       high[8]     the other half of the key
//                       backend[8]  BackendId
//                       times[8]    last_used (s) << 32 | unconfirmed << 31 | told << 25 | ttl (s)
// A key may be in either of two buckets of its shard and goes to the emptier one. So more than 2/3
// of the entries are in use before a live one must go. There are 3/2 * `max_sessions` entries,
// which is 48 bytes for each session. A session may be unconfirmed until its backend has answered.
// A new entry first replaces an expired one, then an unconfirmed one, then the one of the two
// buckets that was used longest ago. The service is part of the key, and its row can be read from
// the key. At every instruction an entry is either whole or absent. When a holder of a
// shard's lock was killed, the next process to lock the shard checks it, repairs it and counts the
// repair. All workers may write all of this memory, so a lock may also be lost for good. After
// kLockPatienceUs the caller goes on as if the key had no session, and does not wait for that shard
// again until it has had its lock once. No system call, no allocation. Times are CLOCK_MONOTONIC
// milliseconds, ttl is seconds (1 … kLongestTtlS).
#pragma once

#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/robust_mutex.h"

namespace shm {

inline constexpr std::uint32_t kDefaultMaxSessions = 262144;
inline constexpr std::uint32_t kLongestTtlS = (1U << 25) - 1;  // more than a year
inline constexpr std::uint32_t kSessionShards = 256;
inline constexpr std::uint32_t kSessionsPerBucket = 8;
// A holder needs about a microsecond, unless it loses the processor meanwhile.
inline constexpr std::uint32_t kLockPatienceUs = 50'000;

// Bits 8..31 of a key's upper half choose neither its shard nor its buckets. They hold the row of
// its service in entry of hash bits. So the sessions of a service can be counted without more
// memory and without more state to keep consistent. 104 bits of the hash are left.
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
  std::atomic<std::uint64_t> evicted{0};    // replaced although they had not expired
  std::atomic<std::uint64_t> recovered{0};  // times that the holder of the lock was found dead
  std::atomic<std::uint64_t> wiped{0};      // invalid entries that a repair removed
};

static_assert(kFitForSegment<SessionBucket> && sizeof(SessionBucket) == 256);
static_assert(kFitForSegment<SessionShard> && sizeof(SessionShard) == 64);

struct FoundSession {
  BackendId backend;
  bool is_confirmed;
  // A quarter of the ttl has passed since this was true last, or since the session got its backend:
  // the session store is to be told that it is in use. Counts as told.
  bool is_due = false;
};

struct SessionTotals {
  std::uint64_t live = 0;    // not expired
  std::uint64_t stored = 0;  // with expired ones that no request has replaced yet
  std::uint64_t room = 0;    // entries in all
  std::uint64_t evicted = 0;
  std::uint64_t recovered = 0;
  std::uint64_t wiped = 0;
};

// A session as an operator sees it.
struct SessionView {
  BackendId backend = 0;
  bool is_confirmed = false;
  std::uint32_t idle_s = 0;
  std::uint32_t ttl_s = 0;
};

// What became of an operator's request. The caller never waits for a lock: `busy` says that
// somebody holds it.
enum class SessionAnswer : std::uint8_t { done, absent, busy };

// What a walk over the whole table finds. All but `stored` and `counted` are faults.
struct SessionAudit {
  std::uint64_t stored = 0;   // entries seen
  std::uint64_t counted = 0;  // what the shards have counted
  std::uint64_t misplaced = 0;
  std::uint64_t duplicates = 0;
};

// How a new session gets an entry: a free, expired or unconfirmed one only, or also that of a live
// session.
enum class Room : std::uint8_t { free, evict };

enum class Trust : std::uint8_t { confirmed, unconfirmed };

// What the master finds when it inspects a shard after the violent death of a worker.
enum class ShardState : std::uint8_t {
  sound,    // or repaired: entries that are not where they belong are gone
  busy,     // its lock is held
  rebuilt,  // its lock was held for too long: the shard is empty and its lock is free
};

// Production has no fault points, at no cost. A test kills its process at the n-th point.
struct NoFaults {
  static void point() {}
};

template <class Faults>
class SessionTableBase {
 public:
  // The bytes of memory for `max_sessions`.
  static std::size_t bytes_for(std::uint32_t max_sessions);

  // `memory` is shared, was zero when the first view was made, is aligned to kCacheLine, and
  // outlives this view.
  SessionTableBase(void* memory, std::uint32_t max_sessions);

  // The session of `key`, or its backend. Counts as a use: the idle time starts again.
  std::optional<FoundSession> find_session(SessionKey key, std::uint64_t now_ms);
  std::optional<BackendId> look_up(SessionKey key, std::uint64_t now_ms);
  // Adds the session, or replaces its backend and ttl. It is confirmed then.
  void remember(SessionKey key, BackendId backend, std::uint32_t ttl_s, std::uint64_t now_ms,
                Room room = Room::evict);
  // As remember, unless the session already has a backend other than `instead_of`. Then returns
  // that backend, and the idle time starts again. So when several requests begin a session at once,
  // all get the backend of the first. A new session is as confirmed as `trust` says.
  BackendId bind(SessionKey key, BackendId backend, std::optional<BackendId> instead_of,
                 std::uint32_t ttl_s, std::uint64_t now_ms, Room room = Room::evict,
                 Trust trust = Trust::confirmed);
  // Whether the last call of `remember` or `bind` stored nothing for want of a free entry.
  bool was_full() const { return was_full_; }
  void forget(SessionKey key);
  std::uint64_t forget_backend(BackendId backend);  // returns the number of sessions

  // The following are for the master, on behalf of an operator. The first one does not count as a
  // use of the session; the last one adds the session, or replaces its backend and ttl, confirmed.
  SessionAnswer peek(SessionKey key, std::uint64_t now_ms, SessionView& view);
  SessionAnswer try_forget(SessionKey key, std::uint64_t now_ms);
  SessionAnswer try_remember(SessionKey key, BackendId backend, std::uint32_t ttl_s,
                             std::uint64_t now_ms);
  // Up to `most` sessions of the service. Takes no lock: a session that changes meanwhile may show
  // the values of two.
  std::vector<SessionView> list(std::uint32_t service, std::uint64_t now_ms,
                                std::size_t most) const;

  // Takes no lock. A session that changes during the walk may be counted twice, not at all, or for
  // the service that had the entry before. `by_service` has one zero for each row and receives the
  // number of live sessions of each service.
  SessionTotals totals(std::uint64_t now_ms, std::span<std::uint64_t> by_service = {}) const;
  // Adds one shard to such totals, for a caller that has no time for all of them at once. Returns
  // the number of entries that it had to look at.
  std::uint32_t add_totals(std::uint32_t shard, std::uint64_t now_ms, SessionTotals& sum,
                           std::span<std::uint64_t> by_service) const;
  SessionAudit audit();  // takes each lock in turn; repairs a shard only as any lock does
  // By the master: never waits. With `is_overdue`, a shard whose lock is held is made anew.
  // Removes sessions that were last used in the future.
  ShardState inspect(std::uint32_t shard, std::uint64_t now_ms, bool is_overdue);
  RobustMutex& lock_of(std::uint32_t shard) { return shards_[shard].mutex; }  // for tests

 private:
  struct EntryRef {
    SessionBucket* bucket = nullptr;
    std::uint32_t slot = 0;
  };
  class Lock;

  static std::uint32_t buckets_per_shard(std::uint32_t max_sessions);
  SessionBucket* buckets_of(std::uint32_t shard) const {
    return buckets_ + std::size_t{shard} * per_shard_;
  }
  void homes(SessionKey key, SessionBucket* (&both)[2]) const;
  EntryRef find(SessionKey key) const;
  // For callers that hold the shard's lock.
  std::optional<FoundSession> use(EntryRef entry, std::uint32_t now_s, SessionShard& shard);
  void put(EntryRef entry, SessionKey key, BackendId backend, std::uint32_t ttl_s,
           std::uint32_t now_s, SessionShard& shard, Room room);
  EntryRef make_room(SessionKey key, std::uint32_t now_s, SessionShard& shard, Room room);
  void fill(EntryRef entry, SessionKey key, BackendId backend, std::uint64_t times,
            SessionShard& shard);
  static void clear(EntryRef entry, SessionShard& shard);
  bool is_misplaced(SessionKey key, std::uint32_t shard, const SessionBucket* bucket) const;
  void repair(std::uint32_t shard);
  void rebuild(std::uint32_t shard);
  void forget_future(std::uint32_t shard, std::uint32_t now_s);
  SessionAudit audit_shard(std::uint32_t shard) const;

  SessionShard* shards_;
  SessionBucket* buckets_;
  std::uint32_t per_shard_;
  bool was_full_ = false;
  std::bitset<kSessionShards> lost_;  // shards whose lock this process could not get
};

extern template class SessionTableBase<NoFaults>;
using SessionTable = SessionTableBase<NoFaults>;

}  // namespace shm
