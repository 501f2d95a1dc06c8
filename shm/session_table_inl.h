// The session table's methods, for session_table.cc and for the test that adds fault points.
//
// Rule of every write: a process may be killed between any two stores. So a new entry gets its
// commit word last, a removed entry loses its commit word first, and a changed entry is changed by
// one store at a time, each of which leaves it valid. Counts may then be off by one; repair()
// counts again.
#pragma once

#include <algorithm>

#include "shm/session_table.h"

namespace shm {
namespace session {

inline constexpr auto kRelaxed = std::memory_order_relaxed;

inline constexpr std::uint64_t kUnconfirmed = std::uint64_t{1} << 31;
inline constexpr int kStampShift = 25;
inline constexpr std::uint32_t kStampMask = 0x3f;
static_assert(kLongestTtlS == (1U << kStampShift) - 1);

inline std::uint32_t ttl_of(std::uint64_t times) {
  return static_cast<std::uint32_t>(times) & kLongestTtlS;
}

// When a session was told to the session store last, in units of a sixteenth of its ttl. The stamp
// wraps after four ttls, when the session is long over.
inline std::uint32_t stamp_unit(std::uint32_t ttl_s) { return std::max(ttl_s / 16, 1U); }
inline std::uint32_t stamp_at(std::uint32_t now_s, std::uint32_t ttl_s) {
  return now_s / stamp_unit(ttl_s) & kStampMask;
}
// Whether that is a quarter of its ttl ago. Since the first unit may have been nearly over, one
// more has to pass.
inline bool is_told_long_ago(std::uint64_t times, std::uint32_t now_s) {
  const std::uint32_t ttl_s = ttl_of(times);
  const std::uint32_t told = static_cast<std::uint32_t>(times) >> kStampShift;
  const std::uint32_t units = (stamp_at(now_s, ttl_s) - told) & kStampMask;
  return units > ttl_s / 4 / stamp_unit(ttl_s);
}

// `low`: the ttl, and kUnconfirmed or not. The session is told to the store now.
inline std::uint64_t pack(std::uint32_t now_s, std::uint32_t low) {
  const std::uint32_t kept = low & ~(kStampMask << kStampShift);
  return std::uint64_t{now_s} << 32 | stamp_at(now_s, ttl_of(low)) << kStampShift | kept;
}
inline std::uint32_t last_used(std::uint64_t times) {
  return static_cast<std::uint32_t>(times >> 32);
}
inline std::uint32_t to_seconds(std::uint64_t now_ms) {
  return static_cast<std::uint32_t>(now_ms / 1000);
}

// Signed: another process may have used the session after the caller read the clock.
inline std::int32_t idle_seconds(std::uint64_t times, std::uint32_t now_s) {
  return static_cast<std::int32_t>(now_s - last_used(times));
}
// Never early: whole seconds drop fractions, so a session may live up to one second longer.
inline bool has_expired(std::uint64_t times, std::uint32_t now_s) {
  return idle_seconds(times, now_s) > static_cast<std::int32_t>(ttl_of(times));
}

// The commit word must not be 0, so a key with a low half of 0 shares the entry of one with 1.
inline SessionKey normal(SessionKey key) { return {key.high, key.low == 0 ? 1 : key.low}; }

// Different bits of a key choose its shard and its buckets.
inline std::uint32_t shard_of(SessionKey key) {
  return static_cast<std::uint32_t>(key.high % kSessionShards);
}
inline std::uint32_t scale(std::uint64_t bits32, std::uint32_t to) {
  return static_cast<std::uint32_t>((bits32 * to) >> 32);
}

inline void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
  counter.store(counter.load(kRelaxed) + n, kRelaxed);
}

}  // namespace session

// Holds the lock of a shard, if it converts to true. Repairs the shard first when its last holder
// died.
template <class Faults>
class SessionTableBase<Faults>::Lock {
 public:
  Lock(SessionTableBase& table, std::uint32_t shard, std::uint32_t patience_us = kLockPatienceUs)
      : guard_(table.shards_[shard].mutex, table.lost_[shard] ? 0 : patience_us) {
    table.lost_[shard] = guard_.taken() == Taken::refused;
    if (guard_.taken() == Taken::recovered) table.repair(shard);
    Faults::point();
  }
  explicit operator bool() const { return guard_.taken() != Taken::refused; }

 private:
  RobustGuard guard_;
};

template <class Faults>
std::uint32_t SessionTableBase<Faults>::buckets_per_shard(std::uint32_t max_sessions) {
  const std::uint64_t entries = (std::uint64_t{max_sessions} * 3 + 1) / 2;
  const std::uint64_t per_shard = kSessionShards * std::uint64_t{kSessionsPerBucket};
  // At least two, because a key has two buckets.
  return static_cast<std::uint32_t>(
      std::max<std::uint64_t>(2, (entries + per_shard - 1) / per_shard));
}

template <class Faults>
std::size_t SessionTableBase<Faults>::bytes_for(std::uint32_t max_sessions) {
  return kSessionShards * (sizeof(SessionShard) +
                           std::size_t{buckets_per_shard(max_sessions)} * sizeof(SessionBucket));
}

template <class Faults>
SessionTableBase<Faults>::SessionTableBase(void* memory, std::uint32_t max_sessions)
    : shards_(static_cast<SessionShard*>(memory)),
      buckets_(static_cast<SessionBucket*>(static_cast<void*>(shards_ + kSessionShards))),
      per_shard_(buckets_per_shard(max_sessions)) {}

template <class Faults>
void SessionTableBase<Faults>::homes(SessionKey key, SessionBucket* (&both)[2]) const {
  SessionBucket* buckets = buckets_of(session::shard_of(key));
  const std::uint32_t first = session::scale(key.high >> 32, per_shard_);
  std::uint32_t second = session::scale(key.low >> 32, per_shard_ - 1);
  if (second >= first) ++second;  // any bucket but the first
  both[0] = buckets + first;
  both[1] = buckets + second;
}

template <class Faults>
typename SessionTableBase<Faults>::EntryRef SessionTableBase<Faults>::find(SessionKey key) const {
  SessionBucket* both[2];
  homes(key, both);
  for (SessionBucket* bucket : both) {
    for (std::uint32_t slot = 0; slot < kSessionsPerBucket; ++slot) {
      if (bucket->low[slot].load(session::kRelaxed) == key.low &&
          bucket->high[slot].load(session::kRelaxed) == key.high) {
        return {bucket, slot};
      }
    }
  }
  return {};
}

// The session of `entry`, which is refreshed. Clears the entry when it has expired.
template <class Faults>
std::optional<FoundSession> SessionTableBase<Faults>::use(EntryRef entry, std::uint32_t now_s,
                                                          SessionShard& shard) {
  if (entry.bucket == nullptr) return std::nullopt;
  std::atomic<std::uint64_t>& times = entry.bucket->times[entry.slot];
  const std::uint64_t seen = times.load(session::kRelaxed);
  if (session::has_expired(seen, now_s)) {
    clear(entry, shard);
    return std::nullopt;
  }
  bool is_due = false;
  if (session::idle_seconds(seen, now_s) > 0) {
    const auto low = static_cast<std::uint32_t>(seen);
    is_due = session::is_told_long_ago(seen, now_s);
    times.store(is_due ? session::pack(now_s, low) : std::uint64_t{now_s} << 32 | low,
                session::kRelaxed);
    Faults::point();
  }
  return FoundSession{entry.bucket->backend[entry.slot].load(session::kRelaxed),
                      (seen & session::kUnconfirmed) == 0, is_due};
}

template <class Faults>
void SessionTableBase<Faults>::put(EntryRef entry, SessionKey key, BackendId backend,
                                   std::uint32_t ttl_s, std::uint32_t now_s, SessionShard& shard,
                                   Room room) {
  const std::uint64_t times = session::pack(now_s, ttl_s);
  if (entry.bucket == nullptr) {
    const EntryRef place = make_room(key, now_s, shard, room);
    was_full_ = place.bucket == nullptr;
    if (!was_full_) fill(place, key, backend, times, shard);
    return;
  }
  entry.bucket->backend[entry.slot].store(backend, session::kRelaxed);
  Faults::point();
  entry.bucket->times[entry.slot].store(times, session::kRelaxed);
  Faults::point();
}

template <class Faults>
std::optional<FoundSession> SessionTableBase<Faults>::find_session(SessionKey key,
                                                                   std::uint64_t now_ms) {
  key = session::normal(key);
  SessionShard& shard = shards_[session::shard_of(key)];
  const Lock lock(*this, session::shard_of(key));
  if (!lock) return std::nullopt;
  return use(find(key), session::to_seconds(now_ms), shard);
}

template <class Faults>
std::optional<BackendId> SessionTableBase<Faults>::look_up(SessionKey key, std::uint64_t now_ms) {
  const std::optional<FoundSession> found = find_session(key, now_ms);
  if (!found) return std::nullopt;
  return found->backend;
}

template <class Faults>
void SessionTableBase<Faults>::remember(SessionKey key, BackendId backend, std::uint32_t ttl_s,
                                        std::uint64_t now_ms, Room room) {
  key = session::normal(key);
  was_full_ = false;
  SessionShard& shard = shards_[session::shard_of(key)];
  const Lock lock(*this, session::shard_of(key));
  if (!lock) return;
  put(find(key), key, backend, ttl_s, session::to_seconds(now_ms), shard, room);
}

template <class Faults>
BackendId SessionTableBase<Faults>::bind(SessionKey key, BackendId backend,
                                         std::optional<BackendId> instead_of, std::uint32_t ttl_s,
                                         std::uint64_t now_ms, Room room, Trust trust) {
  key = session::normal(key);
  was_full_ = false;
  const std::uint32_t now_s = session::to_seconds(now_ms);
  SessionShard& shard = shards_[session::shard_of(key)];
  const Lock lock(*this, session::shard_of(key));
  if (!lock) return backend;
  const EntryRef entry = find(key);
  const std::optional<FoundSession> bound = use(entry, now_s, shard);
  if (bound && bound->backend != instead_of) return bound->backend;
  const bool is_confirmed = bound ? bound->is_confirmed : trust == Trust::confirmed;
  if (!is_confirmed) ttl_s |= static_cast<std::uint32_t>(session::kUnconfirmed);
  put(bound ? entry : EntryRef{}, key, backend, ttl_s, now_s, shard, room);
  return backend;
}

// A free or expired entry of the emptier bucket, else the unconfirmed entry that has been idle for
// longest, else the confirmed one; none if only those are left and `room` does not allow that.
template <class Faults>
typename SessionTableBase<Faults>::EntryRef SessionTableBase<Faults>::make_room(SessionKey key,
                                                                                std::uint32_t now_s,
                                                                                SessionShard& shard,
                                                                                Room room) {
  SessionBucket* both[2];
  homes(key, both);
  EntryRef usable, oldest;
  std::uint32_t most_usable = 0;
  std::int32_t longest_idle = 0;
  bool is_unconfirmed = false;  // `oldest`
  for (SessionBucket* bucket : both) {
    std::uint32_t count = 0;
    EntryRef here;
    for (std::uint32_t slot = 0; slot < kSessionsPerBucket; ++slot) {
      const std::uint64_t times = bucket->times[slot].load(session::kRelaxed);
      if (bucket->low[slot].load(session::kRelaxed) == 0 || session::has_expired(times, now_s)) {
        ++count;
        here = {bucket, slot};
        continue;
      }
      const bool is_worse = (times & session::kUnconfirmed) != 0;
      const std::int32_t idle = session::idle_seconds(times, now_s);
      if (oldest.bucket == nullptr || is_worse > is_unconfirmed ||
          (is_worse == is_unconfirmed && idle > longest_idle)) {
        longest_idle = idle;
        is_unconfirmed = is_worse;
        oldest = {bucket, slot};
      }
    }
    if (count > most_usable) {
      most_usable = count;
      usable = here;
    }
  }
  if (usable.bucket == nullptr) {
    if (room == Room::free && !is_unconfirmed) return {};
    session::add(shard.evicted, 1);
    usable = oldest;
  }
  if (usable.bucket->low[usable.slot].load(session::kRelaxed) != 0) clear(usable, shard);
  return usable;
}

template <class Faults>
void SessionTableBase<Faults>::fill(EntryRef entry, SessionKey key, BackendId backend,
                                    std::uint64_t times, SessionShard& shard) {
  entry.bucket->high[entry.slot].store(key.high, session::kRelaxed);
  Faults::point();
  entry.bucket->backend[entry.slot].store(backend, session::kRelaxed);
  Faults::point();
  entry.bucket->times[entry.slot].store(times, session::kRelaxed);
  Faults::point();
  entry.bucket->low[entry.slot].store(key.low, std::memory_order_release);
  Faults::point();
  shard.stored.store(shard.stored.load(session::kRelaxed) + 1, session::kRelaxed);
  Faults::point();
}

template <class Faults>
void SessionTableBase<Faults>::clear(EntryRef entry, SessionShard& shard) {
  entry.bucket->low[entry.slot].store(0, session::kRelaxed);
  // No reader may see later stores into the entry under the old key.
  std::atomic_thread_fence(std::memory_order_release);
  Faults::point();
  shard.stored.store(shard.stored.load(session::kRelaxed) - 1, session::kRelaxed);
  Faults::point();
}

template <class Faults>
void SessionTableBase<Faults>::forget(SessionKey key) {
  key = session::normal(key);
  const std::uint32_t shard = session::shard_of(key);
  const Lock lock(*this, shard);
  if (!lock) return;
  const EntryRef entry = find(key);
  if (entry.bucket != nullptr) clear(entry, shards_[shard]);
}

template <class Faults>
std::uint64_t SessionTableBase<Faults>::forget_backend(BackendId backend) {
  std::uint64_t forgotten = 0;
  for (std::uint32_t shard = 0; shard < kSessionShards; ++shard) {
    const Lock lock(*this, shard);
    // Skip unused shards, so that their pages stay untouched.
    if (!lock || shards_[shard].stored.load(session::kRelaxed) == 0) continue;
    for (std::uint32_t i = 0; i < per_shard_; ++i) {
      SessionBucket* bucket = buckets_of(shard) + i;
      for (std::uint32_t slot = 0; slot < kSessionsPerBucket; ++slot) {
        if (bucket->low[slot].load(session::kRelaxed) == 0 ||
            bucket->backend[slot].load(session::kRelaxed) != backend) {
          continue;
        }
        clear({bucket, slot}, shards_[shard]);
        ++forgotten;
      }
    }
  }
  return forgotten;
}

}  // namespace shm

#include "shm/session_operator_inl.h"
#include "shm/session_repair_inl.h"
