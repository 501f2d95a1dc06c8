// The robust mutex between processes: exclusion, and news of a killed holder.
#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "shm/robust_mutex.h"
#include "t/unit/shm/children.h"

using children::Bell;
using children::Shared;
using shm::RobustGuard;
using shm::RobustMutex;
using shm::Taken;

namespace {

constexpr std::uint32_t kPatience = 60'000'000;  // microseconds; more than any test takes

struct Guarded {
  RobustMutex mutex;
  std::uint64_t count = 0;  // not atomic: only the lock protects it
};

}  // namespace

TEST_CASE("one holder at a time over processes") {
  Shared<Guarded> guarded;
  std::vector<pid_t> pids;
  for (int i = 0; i < 4; ++i) {
    pids.push_back(children::start([&] {
      for (int turn = 0; turn < 20'000; ++turn) {
        const RobustGuard guard(guarded->mutex, kPatience);
        if (guard.taken() != Taken::clean) return false;
        guarded->count = guarded->count + 1;
      }
      return true;
    }));
  }
  for (pid_t pid : pids) CHECK(children::succeeded(pid));
  CHECK(guarded->count == 80'000);
}

TEST_CASE("after a killed holder exactly the next one is told, and it goes on") {
  Shared<Guarded> guarded;
  const Bell held;
  for (int round = 0; round < 20; ++round) {
    const pid_t holder = children::start([&]() -> bool {
      const RobustGuard guard(guarded->mutex, kPatience);
      held.ring();
      for (;;) ::pause();
    });
    REQUIRE(held.wait());
    ::kill(holder, SIGKILL);
    REQUIRE(children::killed(children::wait_for(holder)));
    {
      const RobustGuard guard(guarded->mutex, kPatience);
      REQUIRE(guard.taken() == Taken::recovered);
    }
    const RobustGuard guard(guarded->mutex, kPatience);
    REQUIRE(guard.taken() == Taken::clean);
  }
}

TEST_CASE("the next process repeats a repair whose process was killed") {
  Shared<Guarded> guarded;
  for (int round = 0; round < 3; ++round) {
    const bool expect_recovered = round > 0;
    const pid_t holder = children::start([&]() -> bool {
      const RobustGuard guard(guarded->mutex, kPatience);
      if ((guard.taken() == Taken::recovered) != expect_recovered) return false;
      ::kill(::getpid(), SIGKILL);
      return true;
    });
    REQUIRE(children::killed(children::wait_for(holder)));
  }
  const RobustGuard guard(guarded->mutex, kPatience);
  CHECK(guard.taken() == Taken::recovered);
}

TEST_CASE("a waiting process gets the lock of a killed holder") {
  Shared<Guarded> guarded;
  const Bell held;
  const pid_t holder = children::start([&]() -> bool {
    const RobustGuard guard(guarded->mutex, kPatience);
    held.ring();
    for (;;) ::pause();
  });
  REQUIRE(held.wait());
  const pid_t waiter = children::start([&] {
    held.ring();
    const RobustGuard guard(guarded->mutex, kPatience);
    return guard.taken() == Taken::recovered;
  });
  REQUIRE(held.wait());
  ::kill(holder, SIGKILL);
  REQUIRE(children::killed(children::wait_for(holder)));
  CHECK(children::succeeded(waiter));
}

TEST_CASE("a lock that nobody gives back is refused after the patience, and can be broken open") {
  Shared<Guarded> guarded;
  const Bell held;
  const Bell done;
  const pid_t holder = children::start([&] {
    RobustGuard guard(guarded->mutex, kPatience);
    held.ring();
    return done.wait();
  });
  REQUIRE(held.wait());
  CHECK(RobustGuard(guarded->mutex, 0).taken() == Taken::refused);
  CHECK(RobustGuard(guarded->mutex, 2000).taken() == Taken::refused);
  guarded->mutex.break_open();
  {
    const RobustGuard guard(guarded->mutex, 0);
    CHECK(guard.taken() == Taken::clean);
    done.ring();  // the former holder gives back what is no longer its own
    CHECK(children::succeeded(holder));
    CHECK(children::succeeded(
        children::start([&] { return RobustGuard(guarded->mutex, 0).taken() == Taken::refused; })));
  }
  CHECK(RobustGuard(guarded->mutex, 0).taken() == Taken::clean);
}

TEST_CASE("whatever stands in the word of a lock, a call comes back") {
  Shared<RobustMutex> mutex;
  children::Random random(5);
  for (int round = 0; round < 2000; ++round) {
    const auto word = static_cast<std::uint32_t>(random.next());
    std::memcpy(static_cast<void*>(&*mutex), &word, sizeof word);
    const Taken taken = mutex->lock(0);
    if (taken != Taken::refused) mutex->unlock();
    mutex->break_open();
    REQUIRE(RobustGuard(*mutex, 0).taken() == Taken::clean);
  }
}
