// Tests of shm/attempts: exact numbers over time, clients beside each other, values that no worker
// writes.
#include "shm/attempts.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <cstring>
#include <memory>
#include <vector>

#include "t/unit/shm/children.h"

using shm::Attempts;
using shm::kAttemptMs;
using shm::kFreeAttempts;

namespace {

constexpr std::uint64_t kNow = 1'000'000;

std::uint64_t client(std::uint64_t number) { return number << 40 | number % Attempts::kSets; }

unsigned take_all(Attempts& attempts, std::uint64_t who, std::uint64_t now_ms) {
  unsigned taken = 0;
  while (attempts.take(who, now_ms)) ++taken;
  return taken;
}

}  // namespace

TEST_CASE("attempts: ten at once, then one each six seconds") {
  const auto attempts = std::make_unique<Attempts>();
  CHECK(attempts->wait_ms(client(1), kNow) == 0);
  CHECK(take_all(*attempts, client(1), kNow) == 10);
  CHECK(attempts->wait_ms(client(1), kNow) == 6000);
  CHECK_FALSE(attempts->take(client(1), kNow + 5999));
  CHECK(attempts->wait_ms(client(1), kNow + 5999) == 1);
  CHECK(attempts->take(client(1), kNow + 6000));
  CHECK_FALSE(attempts->take(client(1), kNow + 6000));
  CHECK(take_all(*attempts, client(1), kNow + 6000 + 3 * kAttemptMs) == 3);
  CHECK(take_all(*attempts, client(1), kNow + 10'000'000) == 10);
}

TEST_CASE("attempts: one that is given back does not count") {
  const auto attempts = std::make_unique<Attempts>();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(attempts->take(client(1), kNow));
    attempts->give_back(client(1), kNow);
  }
  CHECK(take_all(*attempts, client(1), kNow) == 10);
  attempts->give_back(client(1), kNow);
  CHECK(take_all(*attempts, client(1), kNow) == 1);
  attempts->give_back(client(2), kNow);  // has none to give back
  CHECK(take_all(*attempts, client(2), kNow) == 10);
}

TEST_CASE("attempts: each client has its own") {
  const auto attempts = std::make_unique<Attempts>();
  CHECK(take_all(*attempts, client(1), kNow) == kFreeAttempts);
  CHECK(take_all(*attempts, client(1 + Attempts::kSets), kNow) ==
        kFreeAttempts);  // of the same set
  CHECK(take_all(*attempts, client(2), kNow) == kFreeAttempts);
  CHECK(attempts->wait_ms(client(1), kNow) == kAttemptMs);
}

TEST_CASE("attempts: a full set forgets the client that is next to expire, and is no stricter") {
  const auto attempts = std::make_unique<Attempts>();
  const auto nth = [](std::uint64_t i) { return client(1 + i * Attempts::kSets); };
  for (std::uint64_t i = 0; i < Attempts::kEntries; ++i) {
    for (std::uint64_t k = 0; k < 5 + i; ++k) REQUIRE(attempts->take(nth(i), kNow));
  }
  CHECK(take_all(*attempts, nth(9), kNow) == kFreeAttempts);
  for (std::uint64_t i = 1; i < Attempts::kEntries; ++i) {
    CHECK(take_all(*attempts, nth(i), kNow) == kFreeAttempts - 5 - i);
  }
  CHECK(attempts->wait_ms(nth(0), kNow) == 0);
}

TEST_CASE("attempts: a time that cannot be true counts as none") {
  const auto attempts = std::make_unique<Attempts>();
  // As a worker that was taken over may leave it.
  std::memset(static_cast<void*>(attempts.get()), 0xff, sizeof(Attempts));
  const std::uint64_t who = ~std::uint64_t{0};
  CHECK(attempts->wait_ms(who, kNow) == 0);
  CHECK(take_all(*attempts, who, kNow) == kFreeAttempts);
}

TEST_CASE("attempts: exact over processes that take them at the same time") {
  children::Shared<Attempts> attempts;
  children::Shared<std::atomic<unsigned>> taken;
  std::vector<pid_t> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(children::start([&] {
      for (std::uint64_t who = 1; who <= 500; ++who) {
        *taken += take_all(*attempts, client(who), kNow);
      }
      return true;
    }));
  }
  for (const pid_t pid : all) CHECK(children::succeeded(pid));
  CHECK(*taken == 500 * kFreeAttempts);
}

TEST_CASE("attempts: exact for one client of four processes, at each of many times") {
  constexpr unsigned kProcesses = 4;
  const unsigned times = 2500 * children::kRounds;
  children::Shared<Attempts> attempts;
  children::Shared<std::atomic<unsigned>> arrived;
  children::Shared<std::atomic<unsigned>> taken;
  std::vector<pid_t> all;
  for (unsigned i = 0; i < kProcesses; ++i) {
    all.push_back(children::start([&] {
      for (unsigned time = 0; time < times; ++time) {
        ++*arrived;
        while (arrived->load() < kProcesses * (time + 1)) ::sched_yield();
        *taken += take_all(*attempts, client(1), kNow + time * kFreeAttempts * kAttemptMs);
      }
      return true;
    }));
  }
  for (const pid_t pid : all) CHECK(children::succeeded(pid));
  CHECK(*taken == times * kFreeAttempts);
}
