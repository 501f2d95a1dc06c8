// See segment_check.h.
#include "master/segment_check.h"

#include <string>
#include <utility>

#include "master/clock.h"

namespace master {

void SegmentCheck::begin(std::uint64_t now_ms) {
  mended_ += segment_.mend_common(now_ms);
  next_rates_ = 0;
  left_.clear();
  busy_.clear();
  for (std::uint32_t shard = 0; shard < shm::kSessionShards; ++shard) left_.push_back(shard);
  overdue_ms_ = now_ms + kLockMs;
  due_ms_ = kNow;
}

void SegmentCheck::turn(std::uint64_t now_ms) {
  if (next_rates_ < segment_.rates().buckets()) {
    mended_ += segment_.rates().mend(next_rates_, kRatesPerTurn, now_ms * 1000);
    next_rates_ += kRatesPerTurn;
    due_ms_ = kNow;
    return;
  }
  const bool is_overdue = now_ms >= overdue_ms_;
  for (std::size_t count = 0; count < kShardsPerTurn && !left_.empty(); ++count) {
    const std::uint32_t shard = left_.back();
    left_.pop_back();
    const shm::ShardState state = segment_.sessions().inspect(shard, now_ms, is_overdue);
    if (state == shm::ShardState::busy) busy_.push_back(shard);
    rebuilt_ += state == shm::ShardState::rebuilt ? 1 : 0;
  }
  due_ms_ = kNow;
  if (!left_.empty()) return;
  std::swap(left_, busy_);
  due_ms_ = now_ms + kLockLookMs;
  if (!left_.empty()) return;
  due_ms_ = kNever;
  report();
}

void SegmentCheck::report() {
  using worker::log::Severity;
  if (mended_ != 0) {
    log_queue_.log(Severity::warning,
                   "segment: " + std::to_string(mended_) +
                       (mended_ == 1 ? " impossible value was" : " impossible values were") +
                       " set right");
  }
  if (rebuilt_ != 0) {
    log_queue_.log(Severity::warning, "segment: " + std::to_string(rebuilt_) + " of " +
                                          std::to_string(shm::kSessionShards) + " session shards " +
                                          (rebuilt_ == 1 ? "was" : "were") + " rebuilt");
  }
  mended_ = rebuilt_ = 0;
}

}  // namespace master
