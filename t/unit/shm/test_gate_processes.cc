// The gate between processes that race for it and are killed: the limit holds, no wake-up is lost,
// no request starves, and the slots of dead processes are freed.
#include <doctest/doctest.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <vector>

#include "shm/gate.h"
#include "t/unit/shm/table_memory.h"

using children::Bell;
using children::Random;
using children::Shared;
using shm::Gate;
using shm::kMaxRows;
using shm::Rank;
using shm::Row;
using shm::Ticket;

namespace {

constexpr Row kRows = 4;

// Where both ranks race, every other process has strangers only.
Rank rank_by(Row row) { return row % 2 == 0 ? Rank::known : Rank::stranger; }

struct Arena {
  children::TableMemory<Gate> gate_memory;
  Gate gate() { return gate_memory.view(); }
  std::atomic<std::uint32_t> inside{0};  // counted independently of the gate
  std::atomic<std::uint32_t> most_inside{0};
  std::atomic<std::uint64_t> entries{0};
  std::atomic<std::uint64_t> most_overtaken{0};  // the most entries of other rows during one wait
  std::atomic<std::uint32_t> inside_of[kRows]{};
  std::atomic<std::uint64_t> done[kRows]{};
  std::atomic<bool> broken{false};
  std::atomic<std::uint32_t> started{0};

  // All begin together. Otherwise the first would end before the last is forked.
  void await(std::uint32_t all) {
    started.fetch_add(1);
    while (started.load() < all) ::sched_yield();
  }
};

using Bells = std::array<Bell, kRows>;

template <class Number>
void raise_to(std::atomic<Number>& most, Number value) {
  Number seen = most.load();
  while (seen < value && !most.compare_exchange_weak(seen, value)) {
  }
}

// The caller's side of the protocol, as gate.h prescribes it, with one waiter at a time.
class Client {
 public:
  Client(Arena& arena, const Bells& bells, Row row, Rank rank = Rank::known)
      : arena_(arena), gate_(arena.gate()), bells_(bells), row_(row), rank_(rank) {}

  // False when a wake-up was lost.
  bool enter() {
    if (!gate_.try_enter(row_, kRows, 0)) {
      const Ticket ticket = gate_.draw_ticket(rank_);
      gate_.publish_waiting(row_, ticket, 1, rank_);
      const std::uint64_t entries = arena_.entries.load();
      while (!gate_.try_enter(row_, kRows, ticket)) {
        if (look()) continue;
        if (!bells_[row_].wait()) return false;
      }
      raise_to(arena_.most_overtaken, arena_.entries.load() - entries);
      gate_.publish_waiting(row_, 0, 0, rank_);
      look();
    }
    arena_.entries.fetch_add(1);
    return true;
  }

  void leave() {
    gate_.leave(row_);
    look();
  }

 private:
  // True when this row is next.
  bool look() {
    const Row next = gate_.next_in_turn(kRows);
    if (next == row_) return true;
    if (next < kRows) bells_[next].ring();
    return false;
  }

  Arena& arena_;
  Gate gate_;
  const Bells& bells_;
  Row row_;
  Rank rank_;
};

bool hammer(Arena& arena, const Bells& bells, Row row, unsigned times, Rank rank = Rank::known) {
  Client client(arena, bells, row, rank);
  Random random(row + 1);
  arena.await(kRows);
  for (unsigned i = 0; i < times; ++i) {
    if (!client.enter()) return false;
    raise_to(arena.most_inside, arena.inside.fetch_add(1) + 1);
    if (random.below(4) == 0) ::sched_yield();
    arena.inside.fetch_sub(1);
    client.leave();
    if (random.below(8) == 0) ::sched_yield();
  }
  return true;
}

// Without a pause and without tickets, so that two processes often raise their cells at the same
// instant.
bool snatch(Arena& arena, Row row, unsigned times) {
  arena.await(kRows);
  for (unsigned i = 0; i < times; ++i) {
    if (!arena.gate().try_enter(row, kRows, 0)) continue;
    raise_to(arena.most_inside, arena.inside.fetch_add(1) + 1);
    arena.inside.fetch_sub(1);
    arena.gate().leave(row);
  }
  return true;
}

// Runs until it is killed. The limit is 1, so a second process inside is a fault.
bool hold_and_be_killed(Arena& arena, const Bells& bells, Row row, Rank rank) {
  Client client(arena, bells, row, rank);
  for (;;) {
    if (!client.enter()) return false;
    arena.inside_of[row].store(1);
    for (Row other = 0; other < kRows; ++other) {
      if (other != row && arena.inside_of[other].load() != 0) arena.broken.store(true);
    }
    arena.done[row].fetch_add(1);
    ::sched_yield();
    arena.inside_of[row].store(0);
    client.leave();
  }
}

}  // namespace

TEST_CASE("four processes never exceed a limit of 1 to 8, and every request gets its turn") {
  constexpr unsigned kTimes = 1500;
  for (std::uint32_t limit = 1; limit <= 8; ++limit) {
    CAPTURE(limit);
    Shared<Arena> arena;
    const Bells bells;
    arena->gate().set_limit(limit);
    std::vector<pid_t> pids;
    for (Row row = 0; row < kRows; ++row) {
      pids.push_back(children::start([&] { return hammer(*arena, bells, row, kTimes); }));
    }
    for (pid_t pid : pids) CHECK(children::succeeded(pid));
    CHECK(arena->most_inside.load() <= std::min(limit, kRows));
    CHECK(arena->most_inside.load() >= 1);
    CHECK(arena->entries.load() == kRows * kTimes);
    // Each other row enters at most once: the attempt that had begun before the ticket was
    // published.
    CHECK(arena->most_overtaken.load() <= kRows - 1);
    CHECK(arena->gate().in_service(kRows) == 0);
    CHECK(arena->gate().waiting(kRows) == 0);
    CHECK(arena->gate().next_in_turn(kRows) == kMaxRows);
  }
}

TEST_CASE("processes of both ranks never exceed the limit, lose no wake-up, and all get turns") {
  constexpr unsigned kTimes = 1500;
  for (std::uint32_t limit = 1; limit <= 3; ++limit) {
    CAPTURE(limit);
    Shared<Arena> arena;
    const Bells bells;
    arena->gate().set_limit(limit);
    std::vector<pid_t> pids;
    for (Row row = 0; row < kRows; ++row) {
      pids.push_back(
          children::start([&] { return hammer(*arena, bells, row, kTimes, rank_by(row)); }));
    }
    for (pid_t pid : pids) CHECK(children::succeeded(pid));
    CHECK(arena->most_inside.load() <= limit);
    CHECK(arena->entries.load() == kRows * kTimes);
    CHECK(arena->gate().in_service(kRows) == 0);
    CHECK(arena->gate().waiting(kRows) == 0);
    CHECK(arena->gate().next_in_turn(kRows) == kMaxRows);
  }
}

TEST_CASE("processes that try for one slot at the same instant do not both get it") {
  for (std::uint32_t limit = 1; limit <= 3; ++limit) {
    CAPTURE(limit);
    Shared<Arena> arena;
    arena->gate().set_limit(limit);
    std::vector<pid_t> pids;
    for (Row row = 0; row < kRows; ++row) {
      pids.push_back(children::start([&, row] { return snatch(*arena, row, 200'000); }));
    }
    for (pid_t pid : pids) CHECK(children::succeeded(pid));
    CHECK(arena->most_inside.load() <= limit);
    CHECK(arena->gate().in_service(kRows) == 0);
  }
}

TEST_CASE("two processes that pass one slot back and forth lose no wake-up") {
  Shared<Arena> arena;
  const Bells bells;
  arena->gate().set_limit(1);
  std::vector<pid_t> pids;
  for (Row row = 0; row < 2; ++row) {
    pids.push_back(children::start([&, row] {
      Client client(*arena, bells, row);
      arena->await(2);
      for (unsigned i = 0; i < 50'000; ++i) {
        if (!client.enter()) return false;
        client.leave();
      }
      return true;
    }));
  }
  for (pid_t pid : pids) CHECK(children::succeeded(pid));
  CHECK(arena->most_overtaken.load() <= 1);
  CHECK(arena->gate().in_service(kRows) == 0);
}

namespace {

void kill_holders_and_waiters(unsigned kills, bool of_both_ranks) {
  Shared<Arena> arena;
  const Bells bells;
  arena->gate().set_limit(1);
  const auto spawn = [&](Row row) {
    const Rank rank = of_both_ranks ? rank_by(row) : Rank::known;
    return children::start([&, row, rank] { return hold_and_be_killed(*arena, bells, row, rank); });
  };
  std::vector<pid_t> pids;
  for (Row row = 0; row < kRows; ++row) pids.push_back(spawn(row));
  Random random(42);
  for (unsigned kill = 0; kill < kills; ++kill) {
    const Row row = static_cast<Row>(random.below(kRows));
    // Waits for progress of another process first, so that every kill hits a gate in use.
    const Row other = (row + 1) % kRows;
    const std::uint64_t enough = arena->done[other].load() + 1 + random.below(3);
    while (arena->done[other].load() < enough) {
      REQUIRE(children::running(pids[other]));
      ::sched_yield();
    }
    ::kill(pids[row], SIGKILL);
    REQUIRE(children::killed(children::wait_for(pids[row])));
    arena->inside_of[row].store(0);
    arena->gate().release_row(row);
    REQUIRE(arena->gate().in_service_of(row) == 0);
    for (const Bell& bell : bells) bell.ring();
    pids[row] = spawn(row);
  }
  for (Row row = 0; row < kRows; ++row) {
    ::kill(pids[row], SIGKILL);
    CHECK(children::killed(children::wait_for(pids[row])));
    arena->gate().release_row(row);
  }
  CHECK_FALSE(arena->broken.load());
  CHECK(arena->gate().in_service(kRows) == 0);
  CHECK(arena->gate().waiting(kRows) == 0);
  CHECK(arena->gate().try_enter(0, kRows, 0));
}

}  // namespace

TEST_CASE("slots and tickets of killed processes are freed, and the others go on") {
  kill_holders_and_waiters(200, false);
}

TEST_CASE("the same with processes of both ranks") { kill_holders_and_waiters(200, true); }
