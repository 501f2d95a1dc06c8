// Whether this machine gives its clients to another one, because an operator wants it so.
//
// Lies in the master's section of the segment: the master alone writes it, and workers read it with
// each response. Lasts until it is ended, or the daemon ends. Bytes 0 are a valid state: serving.
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/layout.h"

namespace shm {

class Standby {
 public:
  bool is_on() const { return since_ms() != 0; }
  // CLOCK_MONOTONIC milliseconds; 0: this machine serves. No two times on standby have the same.
  std::uint64_t since_ms() const { return since_ms_.load(std::memory_order_acquire); }
  std::uint32_t uid() const { return uid_.load(std::memory_order_relaxed); }  // whose command

  // By the master. Returns false when it was so already; then nothing changes.
  bool begin(std::uint32_t uid, std::uint64_t now_ms) {
    if (is_on()) return false;
    uid_.store(uid, std::memory_order_relaxed);
    since_ms_.store(now_ms > last_ms_ ? now_ms : last_ms_ + 1, std::memory_order_release);
    last_ms_ = since_ms();
    return true;
  }
  bool end() { return since_ms_.exchange(0, std::memory_order_relaxed) != 0; }

 private:
  alignas(kCacheLine) std::atomic<std::uint64_t> since_ms_;
  std::atomic<std::uint32_t> uid_;
  std::uint64_t last_ms_;  // the last since_ms()
};

static_assert(kFitForSegment<Standby>);

}  // namespace shm
