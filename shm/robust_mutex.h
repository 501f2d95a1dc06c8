// The only lock of the segment: shared by processes, not lost when its holder dies, and never
// waited for without end.
//
// One word: 0, or the thread id of the holder. When the holder is killed, the kernel marks the word
// (futex(2), "robust"), and the next process that takes the lock gets `recovered`. It must repair
// what the lock guards before it unlocks. If it is killed during the repair, the next one gets
// `recovered` again. Any worker may overwrite the word, so no answer depends on its truth: who
// waits for too long is refused and goes on without. pthread's robust mutex does not serve here: it
// keeps pointers in shared memory, and whoever locks it writes to where they point. A process holds
// one lock at a time. Never held over a system call, an allocation, a log line or a callback. Zero
// bytes are an unlocked lock.
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/layout.h"

namespace shm {

enum class Taken : std::uint8_t { clean, recovered, refused };

class RobustMutex {
 public:
  RobustMutex() = default;
  RobustMutex(const RobustMutex&) = delete;
  RobustMutex& operator=(const RobustMutex&) = delete;
  ~RobustMutex() = default;

  // For the first process, before it forks those that use locks: they may then no longer make the
  // system calls that this needs.
  static void prepare();

  // Waits for about `patience_us` microseconds at most.
  [[nodiscard]] Taken lock(std::uint32_t patience_us);
  // Does nothing when the lock was taken away.
  void unlock();
  // Takes the lock away from its holder, whoever that is. By the master, for a lock that nobody can
  // get any more.
  void break_open();

 private:
  std::atomic<std::uint32_t> word_{0};
};

static_assert(kFitForSegment<RobustMutex>);

class RobustGuard {
 public:
  RobustGuard(RobustMutex& mutex, std::uint32_t patience_us)
      : mutex_(mutex), taken_(mutex.lock(patience_us)) {}
  ~RobustGuard() {
    if (taken_ != Taken::refused) mutex_.unlock();
  }
  RobustGuard(const RobustGuard&) = delete;
  RobustGuard& operator=(const RobustGuard&) = delete;

  Taken taken() const { return taken_; }

 private:
  RobustMutex& mutex_;
  Taken taken_;
};

}  // namespace shm
