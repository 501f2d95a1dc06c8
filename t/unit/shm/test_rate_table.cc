// The words of clients and their rates, by a clock of the test's own.
#include <doctest/doctest.h>
#include <sched.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "shm/rate_table.h"
#include "t/unit/shm/children.h"

using shm::Rate;
using shm::RateTable;
using shm::SessionKey;

namespace {

constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kStart = 1000 * kSecond;
constexpr Rate kTenPerSecond{.interval_us = kSecond / 10, .horizon_us = kSecond / 2};  // burst 5

// As uniform as a keyed hash.
SessionKey key_of(std::uint64_t client) {
  children::Random random(client);
  const std::uint64_t high = random.next();
  return {high, random.next()};
}

struct Table {
  explicit Table(std::uint32_t max_clients)
      : buckets(RateTable::bytes_for(max_clients) / sizeof(shm::RateBucket)),
        view(master, buckets.data(), max_clients) {}
  RateTable::MasterPart master;
  std::vector<shm::RateBucket> buckets;
  RateTable view;
};

unsigned passed(RateTable& table, SessionKey key, Rate rate, std::uint64_t now, unsigned requests) {
  unsigned count = 0;
  for (unsigned i = 0; i < requests; ++i) count += table.pass(key, rate, now).passes ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("rate_table: a burst passes, one more does not") {
  Table table(16);
  for (unsigned i = 0; i < 5; ++i) CHECK(table.view.pass(key_of(1), kTenPerSecond, kStart).passes);
  const shm::RateVerdict over = table.view.pass(key_of(1), kTenPerSecond, kStart);
  CHECK(!over.passes);
  CHECK(over.wait_us == kSecond / 10);
  CHECK(table.view.pass(key_of(2), kTenPerSecond, kStart).passes);
}

TEST_CASE("rate_table: a refused client passes when its wait is over, and not before") {
  Table table(16);
  CHECK(passed(table.view, key_of(1), kTenPerSecond, kStart, 9) == 5);
  CHECK(table.view.pass(key_of(1), kTenPerSecond, kStart + 99'999).wait_us == 1);
  CHECK(table.view.pass(key_of(1), kTenPerSecond, kStart + 100'000).passes);
  CHECK(!table.view.pass(key_of(1), kTenPerSecond, kStart + 100'000).passes);
}

TEST_CASE("rate_table: a burst of one leaves no two requests within the interval") {
  Table table(16);
  const Rate one{.interval_us = kSecond, .horizon_us = kSecond};
  CHECK(table.view.pass(key_of(1), one, kStart).passes);
  CHECK(!table.view.pass(key_of(1), one, kStart + 999'999).passes);
  CHECK(table.view.pass(key_of(1), one, kStart + kSecond).passes);
}

TEST_CASE("rate_table: an idle client has its whole burst again, and no more") {
  Table table(16);
  CHECK(passed(table.view, key_of(1), kTenPerSecond, kStart, 9) == 5);
  CHECK(passed(table.view, key_of(1), kTenPerSecond, kStart + 3600 * kSecond, 9) == 5);
}

TEST_CASE("rate_table: over a long time a client gets its rate") {
  Table table(16);
  unsigned count = 0;
  for (std::uint64_t at = 0; at < 100 * kSecond; at += 7'001) {
    count += table.view.pass(key_of(1), kTenPerSecond, kStart + at).passes ? 1 : 0;
  }
  CHECK(count >= 1000);
  CHECK(count <= 1005);
}

TEST_CASE("rate_table: the clock may be near the end of 42 bits") {
  Table table(16);
  const std::uint64_t end = (std::uint64_t{1} << 42) - kSecond / 4;
  CHECK(passed(table.view, key_of(1), kTenPerSecond, end, 9) == 5);
  CHECK(passed(table.view, key_of(1), kTenPerSecond, end + kSecond / 2, 9) == 5);
}

TEST_CASE("rate_table: an entry of 25 days ago says nothing") {
  Table table(16);
  CHECK(passed(table.view, key_of(1), kTenPerSecond, kStart, 9) == 5);
  CHECK(passed(table.view, key_of(1), kTenPerSecond, kStart + 25 * 86400 * kSecond, 9) == 5);
}

TEST_CASE("rate_table: workers may differ about the time") {
  Table table(16);
  CHECK(passed(table.view, key_of(1), kTenPerSecond, kStart + 9 * kSecond, 9) == 5);
  CHECK(passed(table.view, key_of(1), kTenPerSecond, kStart, 9) == 0);
}

TEST_CASE("rate_table: what another limit left behind does not outlast this one") {
  Table table(16);
  const Rate daily{.interval_us = 3600 * kSecond, .horizon_us = 24 * 3600 * kSecond};
  CHECK(passed(table.view, key_of(1), daily, kStart, 30) == 24);
  CHECK(passed(table.view, key_of(1), kTenPerSecond, kStart, 9) == 5);
}

// The least table has two buckets, so it holds 16 clients, and each may be anywhere.
TEST_CASE("rate_table: in a full table the entry with the smallest time goes") {
  Table table(1);
  REQUIRE(table.view.buckets() == 2);
  const Rate slow{.interval_us = kSecond, .horizon_us = 3 * kSecond};
  for (std::uint64_t client = 0; client < 16; ++client) {
    const shm::RateVerdict first = table.view.pass(key_of(client), slow, kStart + client);
    CHECK(first.passes);
    CHECK(!first.evicted);
  }
  const shm::RateVerdict newcomer = table.view.pass(key_of(16), slow, kStart + 16);
  CHECK(newcomer.passes);
  CHECK(newcomer.evicted);
  for (std::uint64_t client = 1; client < 17; ++client) {
    CHECK(passed(table.view, key_of(client), slow, kStart + 17, 9) == 2);
  }
  CHECK(passed(table.view, key_of(0), slow, kStart + 17, 9) == 3);  // begins afresh
}

TEST_CASE("rate_table: a table that is too small makes no client's limit stricter") {
  Table full(1);
  Table roomy(4096);
  constexpr unsigned kClients = 100;
  unsigned with_room[kClients] = {};
  unsigned without[kClients] = {};
  std::uint64_t evicted = 0;
  for (std::uint64_t at = 0; at < 20 * kSecond; at += 10'000) {
    for (std::uint64_t client = 0; client < kClients; ++client) {
      const shm::RateVerdict verdict = full.view.pass(key_of(client), kTenPerSecond, kStart + at);
      without[client] += verdict.passes ? 1 : 0;
      evicted += verdict.evicted ? 1 : 0;
      with_room[client] += passed(roomy.view, key_of(client), kTenPerSecond, kStart + at, 1);
    }
  }
  CHECK(evicted > 0);
  for (unsigned client = 0; client < kClients; ++client) {
    CHECK(with_room[client] == 204);
    CHECK(without[client] >= with_room[client]);
  }
}

TEST_CASE("rate_table: the master clears what no limit can have set") {
  Table table(1000);
  CHECK(table.view.pass(key_of(1), {kSecond, kSecond}, kStart).passes);
  CHECK(table.view.pass(key_of(2), {50 * kSecond, 50 * kSecond}, kStart).passes);
  CHECK(table.view.mend(0, table.view.buckets(), kStart) == 0);  // there are no limits
  table.view.set_longest(10 * kSecond);
  CHECK(table.view.mend(0, table.view.buckets(), kStart) == 1);
  CHECK(!table.view.pass(key_of(1), {kSecond, kSecond}, kStart).passes);
  CHECK(table.view.pass(key_of(2), {50 * kSecond, 50 * kSecond}, kStart).passes);
  table.view.set_longest(40 * kSecond);  // with what workers may differ by, 50
  CHECK(table.view.mend(0, table.view.buckets(), kStart) == 0);
}

TEST_CASE("rate_table: the master looks at the buckets that it is told to") {
  Table table(1);
  const Rate long_one{50 * kSecond, 50 * kSecond};
  for (std::uint64_t client = 0; client < 16; ++client)
    table.view.pass(key_of(client), long_one, kStart);
  table.view.set_longest(1);
  CHECK(table.view.mend(1, 1, kStart) == 8);
  CHECK(table.view.mend(1, 5, kStart) == 0);
  CHECK(table.view.mend(0, 1, kStart) == 8);
  CHECK(table.view.mend(2, 1, kStart) == 0);
}

TEST_CASE("rate_table: whatever bytes are there, a request gets a verdict") {
  Table table(100);
  children::Random random(5);
  for (unsigned round = 0; round < 50; ++round) {
    for (shm::RateBucket& bucket : table.buckets) {
      for (std::atomic<std::uint64_t>& word : bucket.words) word.store(random.next());
    }
    for (std::uint64_t client = 0; client < 100; ++client) {
      const shm::RateVerdict verdict =
          table.view.pass(key_of(client), kTenPerSecond, random.next());
      CHECK(verdict.wait_us <= kSecond / 2 + shm::kRateSkewUs);
    }
  }
}

namespace {

constexpr unsigned kProcesses = 4;

struct Race {
  std::atomic<unsigned> arrived{0};
  std::atomic<std::uint64_t> passed{0};
  std::atomic<std::uint64_t> evicted{0};
  RateTable::MasterPart master;
  shm::RateBucket buckets[50'000];  // room for 266 666 clients

  RateTable view() { return {master, buckets, 266'666}; }

  // All processes are at the same step of the clock.
  void wait_for_all(unsigned step) {
    ++arrived;
    while (arrived.load() < kProcesses * step) ::sched_yield();
  }
};

// Each process asks for each client at each step.
void ask(Race& race, std::uint64_t clients, unsigned steps, std::uint64_t step_us) {
  RateTable table = race.view();
  std::uint64_t passed = 0;
  std::uint64_t evicted = 0;
  for (unsigned step = 0; step < steps; ++step) {
    race.wait_for_all(step + 1);
    for (std::uint64_t client = 0; client < clients; ++client) {
      const shm::RateVerdict verdict =
          table.pass(key_of(client), kTenPerSecond, kStart + step * step_us);
      passed += verdict.passes ? 1 : 0;
      evicted += verdict.evicted ? 1 : 0;
    }
  }
  race.passed += passed;
  race.evicted += evicted;
}

// What passes of what four processes ask for, as a part of what the limit allows.
double part_of_allowed(std::uint64_t clients, unsigned steps, std::uint64_t step_us) {
  children::Shared<Race> race;
  pid_t pids[kProcesses];
  for (pid_t& pid : pids) {
    pid = children::start([&] {
      ask(*race, clients, steps, step_us);
      return true;
    });
  }
  for (const pid_t pid : pids) CHECK(children::succeeded(pid));
  CHECK(race->evicted.load() == 0);
  const std::uint64_t each = 5 + (steps - 1) * step_us * 10 / kSecond;
  return static_cast<double>(race->passed.load()) / static_cast<double>(each * clients);
}

}  // namespace

TEST_CASE("rate_table: exact for one client of four processes") {
  const double part = part_of_allowed(1, 10'001, 20'000);
  CHECK(part >= 1.0);
  CHECK(part <= 1.0);
}

TEST_CASE("rate_table: exact for a hundred clients of four processes") {
  CHECK(part_of_allowed(100, 1'001, 20'000) == doctest::Approx(1).epsilon(0.001));
}

TEST_CASE("rate_table: exact within one percent for 100 000 clients of four processes") {
  const std::uint64_t clients = children::kRounds == 1 ? 20'000 : 100'000;
  CHECK(part_of_allowed(clients, 21, 50'000) == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE("rate_table: a process that is killed at any time leaves the limit exact") {
  children::Shared<Race> race;
  for (unsigned round = 0; round < 5 * children::kRounds; ++round) {
    const pid_t pid = children::start([&] {
      RateTable table = race->view();
      for (;;) {
        if (table.pass(key_of(1), kTenPerSecond, kStart + race->arrived.load() * kSecond).passes) {
          ++race->passed;
        }
      }
      return true;
    });
    const std::uint64_t wanted = race->passed.load() + 8;
    while (race->passed.load() < wanted) {
      ++race->arrived;  // a second passes
      ::sched_yield();
    }
    ::kill(pid, SIGKILL);
    CHECK(children::killed(children::wait_for(pid)));
  }
  // A kill between the two steps of the test's own counting loses one each.
  RateTable table = race->view();
  const std::uint64_t seconds = race->arrived.load();
  const std::uint64_t left = passed(table, key_of(1), kTenPerSecond, kStart + seconds * kSecond, 9);
  CHECK(race->passed.load() + left <= 5 + seconds * 10);
}
