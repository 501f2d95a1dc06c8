// The only lock of the segment: shared by processes, and not lost when its holder dies.
//
// The next process that takes the lock after its holder was killed gets `recovered`. It must repair
// what the lock guards before it unlocks. If it is killed during the repair, the next one gets
// `recovered` again. Never held over a system call, an allocation, a log line or a callback.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "shm/layout.h"

namespace shm {

enum class Taken : std::uint8_t { clean, recovered };

class RobustMutex {
 public:
  RobustMutex();  // by the master; throws std::system_error
  RobustMutex(const RobustMutex&) = delete;
  RobustMutex& operator=(const RobustMutex&) = delete;
  // Does nothing: other processes may still use the lock. It ends with its memory.
  ~RobustMutex() = default;

  [[nodiscard]] Taken lock();
  void unlock();

 private:
  pthread_mutex_t mutex_;
};

static_assert(kFitForSegment<RobustMutex>);

class RobustGuard {
 public:
  explicit RobustGuard(RobustMutex& mutex) : mutex_(mutex), taken_(mutex.lock()) {}
  ~RobustGuard() { mutex_.unlock(); }
  RobustGuard(const RobustGuard&) = delete;
  RobustGuard& operator=(const RobustGuard&) = delete;

  Taken taken() const { return taken_; }

 private:
  RobustMutex& mutex_;
  Taken taken_;
};

}  // namespace shm
