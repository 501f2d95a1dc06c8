// See robust_mutex.h.
//
// At the death of a thread the kernel looks at the lock that the thread was about to take or to
// give back (`list_op_pending` of its robust list, which libc has registered). While this process
// holds a lock, that is where its address stands. The kernel marks the word only if it names this
// thread.
#include "shm/robust_mutex.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace shm {
namespace {

constexpr int kSpins = 200;
constexpr std::uint32_t kNapUs = 100;

struct Self {
  std::uint32_t thread = 0;
  robust_list_head* list = nullptr;  // of libc, in private memory; null where it has none
};

Self self;

void find_self() {
  self.thread = static_cast<std::uint32_t>(::syscall(SYS_gettid));
  std::size_t size = 0;
  if (::syscall(SYS_get_robust_list, 0, &self.list, &size) != 0) self.list = nullptr;
}

// Where the kernel looks for the word: the address that it is given, plus an offset.
void announce(void* word) {
  if (self.list == nullptr) return;
  void* entry = word == nullptr ? nullptr : static_cast<char*>(word) - self.list->futex_offset;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  self.list->list_op_pending = static_cast<robust_list*>(entry);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

// Until the word changes, but not for long.
void nap(std::atomic<std::uint32_t>& word, std::uint32_t seen) {
  const timespec most{0, kNapUs * 1000L};
  ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, &most, nullptr, 0);
}

}  // namespace

void RobustMutex::prepare() {
  [[maybe_unused]] static const int once = ::pthread_atfork(nullptr, nullptr, find_self);
  find_self();
}

Taken RobustMutex::lock(std::uint32_t patience_us) {
  if (self.thread == 0) prepare();
  announce(&word_);
  std::uint32_t waited_us = 0;
  for (int turn = 0;; ++turn) {
    std::uint32_t seen = word_.load(std::memory_order_relaxed);
    if ((seen & FUTEX_TID_MASK) == 0 &&
        word_.compare_exchange_strong(seen, self.thread, std::memory_order_acquire)) {
      return (seen & FUTEX_OWNER_DIED) != 0 ? Taken::recovered : Taken::clean;
    }
    if (turn < kSpins) continue;
    if (waited_us >= patience_us) break;
    nap(word_, seen);
    waited_us += kNapUs;
  }
  announce(nullptr);
  return Taken::refused;
}

void RobustMutex::unlock() {
  std::uint32_t mine = self.thread;
  word_.compare_exchange_strong(mine, 0, std::memory_order_release, std::memory_order_relaxed);
  announce(nullptr);
}

void RobustMutex::break_open() { word_.store(0, std::memory_order_release); }

}  // namespace shm
