// The session table's methods for an operator, who looks at sessions and changes them by hand.
//
// Part of session_table_inl.h. The master calls them, which must never wait for a worker: a lock is
// tried for as long as it takes to look at it a few hundred times.
#pragma once

#include "shm/session_table_inl.h"

namespace shm {
namespace session {

inline SessionView view_of(BackendId backend, std::uint64_t times, std::uint32_t now_s) {
  return {.backend = backend,
          .is_confirmed = (times & kUnconfirmed) == 0,
          .idle_s = static_cast<std::uint32_t>(std::max(idle_seconds(times, now_s), 0)),
          .ttl_s = ttl_of(times)};
}

}  // namespace session

template <class Faults>
SessionAnswer SessionTableBase<Faults>::peek(SessionKey key, std::uint64_t now_ms,
                                             SessionView& view) {
  key = session::normal(key);
  const Lock lock(*this, session::shard_of(key), 0);
  if (!lock) return SessionAnswer::busy;
  const EntryRef entry = find(key);
  if (entry.bucket == nullptr) return SessionAnswer::absent;
  const std::uint64_t times = entry.bucket->times[entry.slot].load(session::kRelaxed);
  const std::uint32_t now_s = session::to_seconds(now_ms);
  if (session::has_expired(times, now_s)) return SessionAnswer::absent;
  view = session::view_of(entry.bucket->backend[entry.slot].load(session::kRelaxed), times, now_s);
  return SessionAnswer::done;
}

template <class Faults>
SessionAnswer SessionTableBase<Faults>::try_forget(SessionKey key, std::uint64_t now_ms) {
  key = session::normal(key);
  const std::uint32_t shard = session::shard_of(key);
  const Lock lock(*this, shard, 0);
  if (!lock) return SessionAnswer::busy;
  const EntryRef entry = find(key);
  if (entry.bucket == nullptr) return SessionAnswer::absent;
  const std::uint64_t times = entry.bucket->times[entry.slot].load(session::kRelaxed);
  clear(entry, shards_[shard]);
  return session::has_expired(times, session::to_seconds(now_ms)) ? SessionAnswer::absent
                                                                  : SessionAnswer::done;
}

template <class Faults>
SessionAnswer SessionTableBase<Faults>::try_remember(SessionKey key, BackendId backend,
                                                     std::uint32_t ttl_s, std::uint64_t now_ms) {
  key = session::normal(key);
  const std::uint32_t shard = session::shard_of(key);
  const Lock lock(*this, shard, 0);
  if (!lock) return SessionAnswer::busy;
  put(find(key), key, backend, ttl_s, session::to_seconds(now_ms), shards_[shard], Room::evict);
  return SessionAnswer::done;
}

template <class Faults>
std::vector<SessionView> SessionTableBase<Faults>::list(std::uint32_t service, std::uint64_t now_ms,
                                                        std::size_t most) const {
  const std::uint32_t now_s = session::to_seconds(now_ms);
  std::vector<SessionView> found;
  for (std::uint32_t shard = 0; shard < kSessionShards; ++shard) {
    // Skip unused shards, so that their pages stay untouched.
    if (shards_[shard].stored.load(session::kRelaxed) == 0) continue;
    for (std::uint32_t i = 0; i < per_shard_; ++i) {
      const SessionBucket& bucket = buckets_of(shard)[i];
      for (std::uint32_t slot = 0; slot < kSessionsPerBucket; ++slot) {
        if (found.size() == most) return found;
        if (bucket.low[slot].load(std::memory_order_acquire) == 0) continue;
        const std::uint64_t times = bucket.times[slot].load(session::kRelaxed);
        if (session::has_expired(times, now_s) ||
            service_of({bucket.high[slot].load(session::kRelaxed), 0}) != service) {
          continue;
        }
        found.push_back(
            session::view_of(bucket.backend[slot].load(session::kRelaxed), times, now_s));
      }
    }
  }
  return found;
}

}  // namespace shm
