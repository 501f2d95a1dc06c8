// Sets the common part of the segment right after a worker has died violently: it may have been an
// attacker's, and every worker may write there.
//
// Inspects the table of rates and the shards of the session table, a part in each turn. A shard
// whose lock is still held after kLockMs has lost it for good and is made anew, without its
// sessions. Says in the log what was wrong; says nothing when all is well. Never waits.
#pragma once

#include <cstdint>
#include <vector>

#include "master/log_queue.h"
#include "shm/segment.h"

namespace master {

inline constexpr std::uint64_t kLockMs = 500;     // workers hold a lock for microseconds
inline constexpr std::uint64_t kLockLookMs = 20;  // between two looks at locks that are held
inline constexpr std::size_t kShardsPerTurn = 16;
inline constexpr std::uint32_t kRatesPerTurn = 16384;  // buckets, a cache line each

class SegmentCheck {
 public:
  SegmentCheck(shm::Segment& segment, LogQueue& log_queue)
      : segment_(segment), log_queue_(log_queue) {}

  // Begins, or begins again.
  void begin(std::uint64_t now_ms);
  bool is_under_way() const { return !left_.empty(); }  // shards are left, so rates may be, too
  void turn(std::uint64_t now_ms);
  std::uint64_t due_ms() const { return due_ms_; }

 private:
  void report();

  shm::Segment& segment_;
  LogQueue& log_queue_;
  std::vector<std::uint32_t> left_;  // shards to inspect, the next one last
  std::uint32_t next_rates_ = 0;     // buckets before this one are inspected
  std::vector<std::uint32_t> busy_;  // their locks were held at the last look
  std::uint64_t overdue_ms_ = 0;
  std::uint64_t due_ms_ = ~std::uint64_t{0};
  std::uint64_t mended_ = 0;   // values that were set right
  std::uint64_t rebuilt_ = 0;  // shards
};

}  // namespace master
