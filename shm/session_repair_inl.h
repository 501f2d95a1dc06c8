// The session table's walks: totals, audit, and the repair of a shard whose holder was killed or
// whose lock is lost.
//
// Part of session_table_inl.h. The order of stores leaves every entry whole, so a repair normally
// finds only a count that is off by one. The repair checks the entries all the same and removes
// invalid ones, because the dead process may have overwritten memory.
#pragma once

#include "shm/session_table_inl.h"

namespace shm {

template <class Faults>
SessionTotals SessionTableBase<Faults>::totals(std::uint64_t now_ms,
                                               std::span<std::uint64_t> by_service) const {
  SessionTotals sum;
  for (std::uint32_t shard = 0; shard < kSessionShards; ++shard) {
    add_totals(shard, now_ms, sum, by_service);
  }
  return sum;
}

template <class Faults>
std::uint32_t SessionTableBase<Faults>::add_totals(std::uint32_t shard, std::uint64_t now_ms,
                                                   SessionTotals& sum,
                                                   std::span<std::uint64_t> by_service) const {
  const std::uint32_t now_s = session::to_seconds(now_ms);
  const std::uint32_t stored = shards_[shard].stored.load(session::kRelaxed);
  sum.room += std::uint64_t{per_shard_} * kSessionsPerBucket;
  sum.stored += stored;
  sum.evicted += shards_[shard].evicted.load(session::kRelaxed);
  sum.recovered += shards_[shard].recovered.load(session::kRelaxed);
  sum.wiped += shards_[shard].wiped.load(session::kRelaxed);
  if (stored == 0) return 0;
  for (std::uint32_t i = 0; i < per_shard_; ++i) {
    const SessionBucket& bucket = buckets_of(shard)[i];
    for (std::uint32_t slot = 0; slot < kSessionsPerBucket; ++slot) {
      if (bucket.low[slot].load(std::memory_order_acquire) == 0 ||
          session::has_expired(bucket.times[slot].load(session::kRelaxed), now_s)) {
        continue;
      }
      ++sum.live;
      const std::uint32_t service = service_of({bucket.high[slot].load(session::kRelaxed), 0});
      if (service < by_service.size()) ++by_service[service];
    }
  }
  return per_shard_ * kSessionsPerBucket;
}

template <class Faults>
bool SessionTableBase<Faults>::is_misplaced(SessionKey key, std::uint32_t shard,
                                            const SessionBucket* bucket) const {
  SessionBucket* both[2];
  homes(key, both);
  return session::shard_of(key) != shard || (bucket != both[0] && bucket != both[1]);
}

template <class Faults>
void SessionTableBase<Faults>::repair(std::uint32_t shard) {
  SessionShard& head = shards_[shard];
  session::add(head.recovered, 1);
  std::uint32_t stored = 0;
  for (std::uint32_t i = 0; i < per_shard_; ++i) {
    SessionBucket* bucket = buckets_of(shard) + i;
    for (std::uint32_t slot = 0; slot < kSessionsPerBucket; ++slot) {
      const SessionKey key{bucket->high[slot].load(session::kRelaxed),
                           bucket->low[slot].load(session::kRelaxed)};
      if (key.low == 0) continue;
      bool sound = !is_misplaced(key, shard, bucket);
      if (sound) {  // of duplicates, look_up finds the first; keep that one
        const EntryRef first = find(key);
        sound = first.bucket == bucket && first.slot == slot;
      }
      if (sound) {
        ++stored;
        continue;
      }
      bucket->low[slot].store(0, session::kRelaxed);
      session::add(head.wiped, 1);
      Faults::point();
    }
  }
  head.stored.store(stored, session::kRelaxed);
  Faults::point();
}

template <class Faults>
SessionAudit SessionTableBase<Faults>::audit_shard(std::uint32_t shard) const {
  SessionAudit found;
  found.counted = shards_[shard].stored.load(session::kRelaxed);
  for (std::uint32_t i = 0; i < per_shard_; ++i) {
    const SessionBucket* bucket = buckets_of(shard) + i;
    for (std::uint32_t slot = 0; slot < kSessionsPerBucket; ++slot) {
      const SessionKey key{bucket->high[slot].load(session::kRelaxed),
                           bucket->low[slot].load(session::kRelaxed)};
      if (key.low == 0) continue;
      ++found.stored;
      if (is_misplaced(key, shard, bucket)) {
        ++found.misplaced;
        continue;
      }
      const EntryRef first = find(key);
      found.duplicates += first.bucket != bucket || first.slot != slot;
    }
  }
  return found;
}

template <class Faults>
SessionAudit SessionTableBase<Faults>::audit() {
  SessionAudit sum;
  for (std::uint32_t shard = 0; shard < kSessionShards; ++shard) {
    const Lock lock(*this, shard);
    if (!lock) continue;
    const SessionAudit found = audit_shard(shard);
    sum.stored += found.stored;
    sum.counted += found.counted;
    sum.misplaced += found.misplaced;
    sum.duplicates += found.duplicates;
  }
  return sum;
}

template <class Faults>
ShardState SessionTableBase<Faults>::inspect(std::uint32_t shard, std::uint64_t now_ms,
                                             bool is_overdue) {
  {
    const RobustGuard guard(shards_[shard].mutex, 0);
    if (guard.taken() != Taken::refused) {
      forget_future(shard, session::to_seconds(now_ms));
      const SessionAudit found = audit_shard(shard);
      const bool is_sound = found.misplaced == 0 && found.duplicates == 0 &&
                            found.stored == found.counted && guard.taken() == Taken::clean;
      if (!is_sound) repair(shard);
      return ShardState::sound;
    }
  }
  if (!is_overdue) return ShardState::busy;
  rebuild(shard);
  return ShardState::rebuilt;
}

// They would never be the ones that were used longest ago.
template <class Faults>
void SessionTableBase<Faults>::forget_future(std::uint32_t shard, std::uint32_t now_s) {
  constexpr std::int32_t kLeeway = 60;  // seconds
  for (std::uint32_t i = 0; i < per_shard_; ++i) {
    SessionBucket* bucket = buckets_of(shard) + i;
    for (std::uint32_t slot = 0; slot < kSessionsPerBucket; ++slot) {
      const std::uint64_t times = bucket->times[slot].load(session::kRelaxed);
      const bool is_stored = bucket->low[slot].load(session::kRelaxed) != 0;
      if (is_stored && session::idle_seconds(times, now_s) < -kLeeway) {
        clear({bucket, slot}, shards_[shard]);
      }
    }
  }
}

// Whoever holds the lock may go on writing: what it then leaves is what a repair removes, or an
// entry like any other.
template <class Faults>
void SessionTableBase<Faults>::rebuild(std::uint32_t shard) {
  SessionShard& head = shards_[shard];
  for (std::uint32_t i = 0; i < per_shard_; ++i) {
    for (std::atomic<std::uint64_t>& low : buckets_of(shard)[i].low)
      low.store(0, session::kRelaxed);
  }
  head.stored.store(0, session::kRelaxed);
  session::add(head.recovered, 1);
  head.mutex.break_open();
}

}  // namespace shm
