// The session table when its users are killed: at every store of every operation, and at random.
#include <doctest/doctest.h>

#include <vector>

#include "shm/session_table_inl.h"
#include "t/unit/shm/children.h"
#include "t/unit/shm/session_memory.h"

using children::Random;
using shm::BackendId;
using shm::SessionKey;
using shm::SessionTable;

namespace {

// Kills its own process at the n-th point. Each process counts for itself.
struct KillAtPoint {
  static void point() {
    if (left > 0 && --left == 0) ::kill(::getpid(), SIGKILL);
  }
  static inline std::uint64_t left = 0;
};
using DeadlyTable = shm::SessionTableBase<KillAtPoint>;

// More keys than the table has room for, so that every path of remember is taken.
constexpr std::uint32_t kMaxSessions = 1;
constexpr std::uint64_t kKeys = 300;
constexpr std::uint64_t kShardsUsed = 8;

SessionKey key_of(std::uint64_t number) {
  Random random(number);
  const std::uint64_t high = random.next();
  return {high / shm::kSessionShards * shm::kSessionShards + number % kShardsUsed, random.next()};
}

// Every process binds a key to one of two backends, so that a mix of two entries is noticed.
bool belongs(std::uint64_t number, BackendId backend) {
  return backend == number * 2 + 1 || backend == number * 2 + 2;
}

// One operation of any kind; false when it finds a value that no process stored.
template <class Table>
bool operate(Table& table, Random& random, std::uint64_t now_ms) {
  const std::uint64_t number = random.below(kKeys);
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2: {
      const std::optional<BackendId> found = table.look_up(key_of(number), now_ms);
      return !found || belongs(number, *found);
    }
    case 3:
      table.forget(key_of(number));
      return true;
    case 4:
      if (random.below(20) == 0) table.forget_backend(number * 2 + 1);
      return true;
    case 5:
      return belongs(number,
                     table.bind(key_of(number), number * 2 + 1, number * 2 + 2, 10, now_ms));
    default:
      // Some sessions expire at once, so that look_up and remember clear entries, too.
      table.remember(key_of(number), number * 2 + 1 + random.below(2),
                     static_cast<std::uint32_t>(1 + random.below(20)), now_ms);
      return true;
  }
}

void check_sound(SessionTable& table) {
  const shm::SessionAudit audit = table.audit();
  CHECK(audit.counted == audit.stored);
  CHECK(audit.misplaced == 0);
  CHECK(audit.duplicates == 0);
  CHECK(table.totals(0).wiped == 0);
}

}  // namespace

TEST_CASE("killed at any point of any operation, a process leaves a sound table") {
  const SessionMemory memory(kMaxSessions);
  auto table = memory.view<SessionTable>();
  // Each point from the first to the 300th, which covers the points of each operation many times.
  // Three processes at a time race, die and repair.
  constexpr std::uint64_t kPoints = 300;
  constexpr std::uint64_t kAtOnce = 3;
  std::uint64_t deaths = 0;
  for (std::uint64_t turn = 0; turn < kPoints * children::kRounds; ++turn) {
    const std::uint64_t point = 1 + turn % kPoints;
    std::vector<pid_t> pids;
    for (std::uint64_t child = 0; child < kAtOnce; ++child) {
      pids.push_back(children::start([&, child]() -> bool {
        auto deadly = memory.view<DeadlyTable>();
        Random random(turn * kAtOnce + child);
        KillAtPoint::left = child == 0 ? point : 1 + random.below(kPoints);
        for (std::uint64_t now = turn * 1000;; now += 100) {
          if (!operate(deadly, random, now)) return false;
        }
      }));
    }
    for (pid_t pid : pids) {
      const int status = children::wait_for(pid);
      REQUIRE(children::killed(status));
      ++deaths;
    }
    if (turn % 10 == 0) check_sound(table);
  }
  check_sound(table);
  CHECK(deaths == kPoints * children::kRounds * kAtOnce);
  CHECK(table.totals(0).recovered > 0);
  CHECK(table.totals(0).evicted > 0);
  for (std::uint64_t number = 0; number < kKeys; ++number) {
    const auto found = table.look_up(key_of(number), kPoints * children::kRounds * 1000);
    if (found) CHECK(belongs(number, *found));
  }
}

TEST_CASE("each single point of remember, look_up and forget, one after the other") {
  const SessionKey key = key_of(1);
  const auto backend_after = [&](auto prepare, auto operation, std::uint64_t point, bool& died) {
    const SessionMemory memory(kMaxSessions);
    auto table = memory.view<SessionTable>();
    prepare(table);
    const int status = children::wait_for(children::start([&] {
      auto deadly = memory.view<DeadlyTable>();
      KillAtPoint::left = point;
      operation(deadly);
      return true;
    }));
    died = children::killed(status);
    const std::optional<BackendId> found = table.look_up(key, 5000);
    const shm::SessionAudit audit = table.audit();
    CHECK(audit.stored == (found ? 1 : 0));
    CHECK(audit.counted == audit.stored);
    CHECK(table.totals(0).recovered == (died ? 1 : 0));
    return found;
  };
  const auto nothing = [](SessionTable&) {};
  const auto one = [&](SessionTable& table) { table.remember(key, 5, 100, 0); };
  const auto add = [&](DeadlyTable& table) { table.remember(key, 6, 100, 5000); };
  const auto look = [&](DeadlyTable& table) { table.look_up(key, 5000); };
  const auto drop = [&](DeadlyTable& table) { table.forget(key); };
  const auto drop_all = [&](DeadlyTable& table) { table.forget_backend(5); };

  SUBCASE("a new entry is not there before its commit word, and whole after it") {
    bool died = true;
    for (std::uint64_t point = 1; died; ++point) {
      const auto found = backend_after(nothing, add, point, died);
      // Points: lock, high, backend, times, commit, count.
      CHECK(found == (point <= 4 ? std::nullopt : std::optional<BackendId>(6)));
      CHECK(died == (point <= 6));
    }
  }
  SUBCASE("a replaced entry is the old one or the new one") {
    bool died = true;
    for (std::uint64_t point = 1; died; ++point) {
      CHECK(backend_after(one, add, point, died) == (point <= 1 ? 5u : 6u));
      CHECK(died == (point <= 3));
    }
  }
  SUBCASE("a look-up harms nothing") {
    bool died = true;
    for (std::uint64_t point = 1; died; ++point) {
      CHECK(backend_after(one, look, point, died) == 5u);
      CHECK(died == (point <= 2));
    }
  }
  SUBCASE("a forgotten entry is there or not") {
    bool died = true;
    for (std::uint64_t point = 1; died; ++point) {
      const auto found = backend_after(one, drop, point, died);
      CHECK(found == (point <= 1 ? std::optional<BackendId>(5) : std::nullopt));
      CHECK(died == (point <= 3));
    }
  }
  SUBCASE("so is one of a forgotten backend") {
    const std::uint64_t locks = key_of(1).high % shm::kSessionShards + 1;
    for (std::uint64_t point : {locks, locks + 1, locks + 2}) {
      bool died = false;
      const auto found = backend_after(one, drop_all, point, died);
      CHECK(found == (point <= locks ? std::optional<BackendId>(5) : std::nullopt));
      CHECK(died);
    }
  }
}

TEST_CASE("other processes go on while some are killed at any instruction") {
  const SessionMemory memory(kMaxSessions);
  auto table = memory.view<SessionTable>();
  Random random(5);
  constexpr unsigned kKills = 100 * children::kRounds;
  const auto spawn = [&](std::uint64_t seed) {
    return children::start([&, seed]() -> bool {
      Random own(seed);
      for (std::uint64_t now = 0;; now += 10) {
        if (!operate(table, own, now)) return false;
      }
    });
  };
  std::vector<pid_t> pids{spawn(1001), spawn(1002)};
  for (unsigned kill = 0; kill < kKills; ++kill) {
    const std::uint64_t turns = 1 + random.below(200);
    for (std::uint64_t turn = 0; turn < turns; ++turn) {
      REQUIRE(operate(table, random, turn * 10));
    }
    const std::size_t victim = random.below(pids.size());
    ::kill(pids[victim], SIGKILL);
    REQUIRE(children::killed(children::wait_for(pids[victim])));
    pids[victim] = spawn(kill);
  }
  for (pid_t pid : pids) {
    ::kill(pid, SIGKILL);
    CHECK(children::killed(children::wait_for(pid)));
  }
  check_sound(table);
}

TEST_CASE("after a death, invalid entries of a damaged shard are removed and counted") {
  const SessionMemory memory(kMaxSessions);
  auto table = memory.view<SessionTable>();
  const SessionKey key = key_of(0);  // shard 0
  table.remember(key, 1, 300, 0);
  REQUIRE(children::killed(children::wait_for(children::start([&] {
    auto deadly = memory.view<DeadlyTable>();
    // Damages shard 0 with a duplicate key and a key of another shard, then dies with its lock.
    for (shm::SessionBucket* bucket : {memory.buckets(), memory.buckets() + 1}) {
      bucket->high[6] = key.high;
      bucket->low[6] = key.low;
      bucket->high[5] = 77;  // shard 77
      bucket->low[5] = 1;
    }
    KillAtPoint::left = 1;
    deadly.forget(key_of(kShardsUsed));  // of shard 0, too
    return true;
  }))));
  table.audit();
  const shm::SessionAudit audit = table.audit();
  CHECK(audit.stored == 1);
  CHECK(audit.counted == 1);
  CHECK(audit.misplaced == 0);
  CHECK(audit.duplicates == 0);
  const shm::SessionTotals totals = table.totals(0);
  CHECK(totals.recovered == 1);
  CHECK(totals.wiped == 4);
}
