// Real processes for the tests of shared memory: forked children, and memory that they share.
//
// A child runs one function and leaves by _exit with its answer; it never returns into doctest, and
// does not outlive the program that a failed check ends.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace children {

// Rounds of the tests that kill processes: forking a sanitized process takes fifty times longer.
#ifdef __SANITIZE_ADDRESS__
inline constexpr unsigned kRounds = 1;
#else
inline constexpr unsigned kRounds = 4;
#endif

// True is exit status 0, false is 1; an exception is 2.
template <class Function>
pid_t start(Function function) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  int status = 2;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    status = function() ? 0 : 1;
  } catch (...) {
  }
  ::_exit(status);
}

// The raw status of wait(2).
inline int wait_for(pid_t pid) {
  int status = -1;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

inline bool succeeded(pid_t pid) { return wait_for(pid) == 0; }

// Leaves its status for wait_for.
inline bool running(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

inline bool killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }

// One T in zeroed memory that children share; T must be fine with that.
template <class T>
class Shared {
 public:
  Shared()
      : memory_(
            ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) std::abort();
    std::construct_at(get());
  }
  ~Shared() { ::munmap(memory_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T* operator->() { return get(); }
  T& operator*() { return *get(); }

 private:
  T* get() { return static_cast<T*>(memory_); }
  void* memory_;
};

// An eventfd that wakes a process. A wait of more than a minute is a lost wake-up.
class Bell {
 public:
  Bell() : fd_(::eventfd(0, EFD_CLOEXEC)) {}
  ~Bell() { ::close(fd_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring() const {
    const std::uint64_t one = 1;
    if (::write(fd_, &one, sizeof one) != sizeof one) std::abort();
  }
  bool wait() const {
    pollfd polled{fd_, POLLIN, 0};
    if (::poll(&polled, 1, 60'000) != 1) return false;
    std::uint64_t count = 0;
    return ::read(fd_, &count, sizeof count) == sizeof count;
  }

 private:
  int fd_;
};

// A small, repeatable random generator that mixes the order of operations.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2654435769U + 1) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

}  // namespace children
