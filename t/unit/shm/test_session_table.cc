// Sessions: remembered, refreshed, expired, evicted, forgotten. test_session_kills.cc kills
// processes.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "shm/session_table.h"
#include "t/unit/shm/children.h"
#include "t/unit/shm/session_memory.h"

using children::Random;
using shm::SessionKey;
using shm::SessionTable;

namespace {

// In the smallest table a shard is two buckets, so all keys of a shard share the same 16 entries.
constexpr std::uint32_t kSmallest = 1;
constexpr std::uint64_t kShardEntries = 2 * shm::kSessionsPerBucket;
SessionKey in_shard_0(std::uint64_t number) { return {number * shm::kSessionShards, number + 1}; }

SessionKey random_key(Random& random) { return {random.next(), random.next()}; }

}  // namespace

TEST_CASE("a session is found again by its whole key only") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  const SessionKey key{0x0123456789abcdef, 0xfedcba9876543210};
  CHECK(table.look_up(key, 5000) == std::nullopt);
  table.remember(key, 77, 300, 5000);
  CHECK(table.look_up(key, 5000) == 77u);
  CHECK(table.look_up({key.high, key.low + 1}, 5000) == std::nullopt);
  CHECK(table.look_up({key.high + (1 << 20), key.low}, 5000) == std::nullopt);
  CHECK(table.totals(5000).stored == 1);
  table.remember(key, 78, 300, 5000);
  CHECK(table.look_up(key, 5000) == 78u);
  CHECK(table.totals(5000).stored == 1);
  table.forget(key);
  CHECK(table.look_up(key, 5000) == std::nullopt);
  table.forget(key);
  CHECK(table.totals(5000).stored == 0);
}

TEST_CASE("keys with a half of 0 work like others") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  for (const SessionKey key : {SessionKey{0, 0}, SessionKey{0, 5}, SessionKey{5, 0}}) {
    CHECK(table.look_up(key, 0) == std::nullopt);
    table.remember(key, 7, 10, 0);
    CHECK(table.look_up(key, 0) == 7u);
    table.forget(key);
    CHECK(table.look_up(key, 0) == std::nullopt);
  }
}

TEST_CASE("a session lives for its ttl since the last use, and no second longer") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  const SessionKey key{1, 2};
  table.remember(key, 7, 300, 1'000'000);
  CHECK(table.look_up(key, 1'300'000) == 7u);  // a use: the idle time starts again
  CHECK(table.look_up(key, 1'600'999) == 7u);
  CHECK(table.totals(1'900'999).live == 1);
  CHECK(table.totals(1'901'000).live == 0);
  CHECK(table.totals(1'901'000).stored == 1);
  CHECK(table.look_up(key, 1'901'000) == std::nullopt);
  CHECK(table.totals(1'901'000).stored == 0);
}

TEST_CASE("a session in use is due for the store once in a quarter of its ttl") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  const SessionKey key{1, 2};
  for (const std::uint64_t ttl_s : {1, 2, 3, 4, 7, 8, 16, 31, 300, 31'536'000}) {
    CAPTURE(ttl_s);
    const std::uint64_t begin_s = 7'654'321;
    const std::uint64_t step_s = std::max<std::uint64_t>(ttl_s / 50, 1);
    table.remember(key, 7, static_cast<std::uint32_t>(ttl_s), begin_s * 1000);
    std::uint64_t told_s = begin_s;
    std::uint64_t longest_s = 0;
    for (std::uint64_t now_s = begin_s; now_s < begin_s + 10 * ttl_s; now_s += step_s) {
      const auto found = table.find_session(key, now_s * 1000);
      REQUIRE(found);
      if (!found->is_due) continue;
      CHECK(4 * (now_s - told_s) >= ttl_s);
      longest_s = std::max(longest_s, now_s - told_s);
      told_s = now_s;
    }
    CHECK(longest_s != 0);
    CHECK(longest_s <= std::max<std::uint64_t>(ttl_s * 6 / 16, ttl_s / 4 + 1));
    table.forget(key);
  }
}

TEST_CASE("a session that has waited for nearly its ttl is due, and is told when it moves") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  const SessionKey key{1, 2};
  table.remember(key, 7, 300, 1'000'000);
  CHECK(!table.find_session(key, 1'050'000)->is_due);
  CHECK(table.find_session(key, 1'349'000)->is_due);
  CHECK(!table.find_session(key, 1'400'000)->is_due);
  CHECK(table.bind(key, 8, 7, 300, 1'440'000) == 8u);
  CHECK(!table.find_session(key, 1'480'000)->is_due);
  CHECK(table.find_session(key, 1'540'000)->is_due);
}

TEST_CASE("the longest ttl and a clock of years work, and a clock that lags harms nothing") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  const std::uint64_t years = std::uint64_t{3} * 365 * 86400 * 1000;
  const SessionKey key{1, 2};
  table.remember(key, 7, 31'536'000, years);
  CHECK(table.look_up(key, years + std::uint64_t{31'536'000} * 1000) == 7u);
  CHECK(table.look_up(key, years) == 7u);  // a process with an earlier reading of the clock
  CHECK(table.look_up(key, years + std::uint64_t{2} * 31'536'000 * 1000) == 7u);
  table.remember(key, 7, 10, 50'000);
  CHECK(table.look_up(key, 0) == 7u);
  CHECK(table.look_up(key, 60'000) == 7u);
  CHECK(table.look_up(key, 71'000) == std::nullopt);
}

TEST_CASE("two buckets hold 16; the 17th evicts what was used longest ago") {
  const SessionMemory memory(kSmallest);
  auto table = memory.view<SessionTable>();
  for (std::uint64_t i = 0; i < kShardEntries; ++i) {
    table.remember(in_shard_0(i), 100 + i, 3600, i * 1000);
  }
  for (std::uint64_t i = 0; i < kShardEntries; ++i) {
    REQUIRE(table.look_up(in_shard_0(i), 20'000 + i * 1000) == 100 + i);
  }
  CHECK(table.totals(0).stored == 16);
  CHECK(table.totals(0).evicted == 0);
  REQUIRE(table.look_up(in_shard_0(0), 50'000) == 100u);  // now 1 is the oldest
  table.remember(in_shard_0(16), 116, 3600, 51'000);
  CHECK(table.totals(0).stored == 16);
  CHECK(table.totals(0).evicted == 1);
  CHECK(table.look_up(in_shard_0(1), 52'000) == std::nullopt);
  for (std::uint64_t i = 0; i <= kShardEntries; ++i) {
    if (i != 1) CHECK(table.look_up(in_shard_0(i), 52'000) == 100 + i);
  }
}

TEST_CASE("an expired entry is replaced before a live one and is not an eviction") {
  const SessionMemory memory(kSmallest);
  auto table = memory.view<SessionTable>();
  for (std::uint64_t i = 0; i < kShardEntries; ++i) {
    // The session that expires is the one used last.
    table.remember(in_shard_0(i), 100 + i, i == 15 ? 5 : 3600, i * 1000);
  }
  table.remember(in_shard_0(16), 116, 3600, 30'000);
  CHECK(table.totals(30'000).evicted == 0);
  CHECK(table.totals(30'000).live == 16);
  CHECK(table.look_up(in_shard_0(15), 30'000) == std::nullopt);
  CHECK(table.look_up(in_shard_0(0), 30'000) == 100u);
}

TEST_CASE("forget_backend removes all of one backend and nothing else") {
  const SessionMemory memory(20'000);
  auto table = memory.view<SessionTable>();
  Random random(1);
  std::vector<SessionKey> keys;
  for (std::uint64_t i = 0; i < 9000; ++i) {
    keys.push_back(random_key(random));
    table.remember(keys.back(), i % 3, 300, 0);
  }
  CHECK(table.forget_backend(1) == 3000);
  CHECK(table.forget_backend(1) == 0);
  CHECK(table.forget_backend(99) == 0);
  CHECK(table.totals(0).stored == 6000);
  for (std::uint64_t i = 0; i < keys.size(); ++i) {
    if (i % 3 == 1) {
      REQUIRE(table.look_up(keys[i], 0) == std::nullopt);
    } else {
      REQUIRE(table.look_up(keys[i], 0) == i % 3);
    }
  }
}

TEST_CASE("a million sessions fit into 48 MiB, and all of them are kept") {
  constexpr std::uint32_t kMany = 1'000'000;
  CHECK(SessionTable::bytes_for(kMany) <= std::size_t{48} << 20);
  const SessionMemory memory(kMany);
  auto table = memory.view<SessionTable>();
  Random random(2);
  for (std::uint32_t i = 0; i < kMany; ++i) table.remember(random_key(random), i, 300, 0);
  CHECK(table.totals(0).evicted == 0);
  CHECK(table.totals(0).live == kMany);
  CHECK(table.totals(0).room >= kMany);
  Random again(2);
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < kMany; ++i) found += table.look_up(random_key(again), 0) == i;
  CHECK(found == kMany);
  const shm::SessionAudit audit = table.audit();
  CHECK(audit.stored == kMany);
  CHECK(audit.counted == kMany);
  CHECK(audit.misplaced == 0);
  CHECK(audit.duplicates == 0);
}

TEST_CASE("too many sessions evict others, and the table stays sound") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  Random random(3);
  for (std::uint32_t i = 0; i < 100'000; ++i) table.remember(random_key(random), i, 300, i);
  const shm::SessionTotals totals = table.totals(100'000);
  CHECK(totals.stored <= totals.room);
  CHECK(totals.stored + totals.evicted == 100'000);
  const shm::SessionAudit audit = table.audit();
  CHECK(audit.stored == totals.stored);
  CHECK(audit.counted == totals.stored);
  CHECK(audit.misplaced == 0);
  CHECK(audit.duplicates == 0);
}

TEST_CASE("one process finds what another remembers") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  REQUIRE(children::succeeded(children::start([&] {
    table.remember({1, 2}, 7, 300, 0);
    return true;
  })));
  CHECK(table.look_up({1, 2}, 0) == 7u);
}

TEST_CASE("when several requests begin a session at once, one wins") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  const SessionKey key{1, 2};
  CHECK(table.bind(key, 7, std::nullopt, 10, 0) == 7u);
  CHECK(table.bind(key, 8, std::nullopt, 10, 9'000) == 7u);  // a use like any other
  CHECK(table.look_up(key, 19'000) == 7u);

  CHECK(table.bind(key, 8, 7, 10, 19'000) == 8u);
  CHECK(table.bind(key, 9, 7, 10, 19'000) == 8u);
  CHECK(table.totals(19'000).stored == 1);

  CHECK(table.bind(key, 9, std::nullopt, 10, 30'000) == 9u);  // it had expired
  CHECK(table.totals(30'000).stored == 1);
}

TEST_CASE("processes that bind the same sessions at once agree on every one") {
  constexpr std::size_t kSessions = 10'000;
  constexpr std::size_t kProcesses = 3;
  const SessionMemory memory(kSessions * 2);
  auto table = memory.view<SessionTable>();
  children::Shared<std::array<std::array<shm::BackendId, kSessions>, kProcesses>> told;
  std::vector<pid_t> pids;
  for (std::size_t self = 0; self < kProcesses; ++self) {
    pids.push_back(children::start([&, self] {
      Random random(1);
      for (std::size_t i = 0; i < kSessions; ++i) {
        (*told)[self][i] = table.bind(random_key(random), 100 + self, std::nullopt, 300, 0);
      }
      return true;
    }));
  }
  for (const pid_t pid : pids) REQUIRE(children::succeeded(pid));
  CHECK(table.totals(0).evicted == 0);
  CHECK((*told)[1] == (*told)[0]);
  CHECK((*told)[2] == (*told)[0]);
}

TEST_CASE("a service's row is part of the key and does not choose shard or bucket") {
  const SessionKey key{0xfedcba9876543210, 42};
  const SessionKey tagged = shm::with_service(key, 0xabcdef);
  CHECK(tagged == SessionKey{0xfedcba98abcdef10, 42});
  CHECK(shm::service_of(tagged) == 0xabcdef);
  CHECK(shm::service_of(shm::with_service(tagged, 0)) == 0);
}

TEST_CASE("live sessions are counted by service, within the size of the span") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  Random random(1);
  for (std::uint32_t service = 0; service < 4; ++service) {
    for (std::uint32_t i = 0; i <= service; ++i) {
      table.remember(shm::with_service(random_key(random), service), 7, 10 * (service + 1), 0);
    }
  }
  std::vector<std::uint64_t> all(4);
  CHECK(table.totals(5000, all).live == 10);
  CHECK(all == std::vector<std::uint64_t>{1, 2, 3, 4});
  std::vector<std::uint64_t> later(4);
  CHECK(table.totals(25'000, later).live == 7);
  CHECK(later == std::vector<std::uint64_t>{0, 0, 3, 4});
  std::vector<std::uint64_t> few(3);
  CHECK(table.totals(5000, few).live == 10);
  CHECK(few == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("a session that begins unconfirmed stays so until it is confirmed") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  const SessionKey key{1, 2};
  const auto bind = [&](shm::BackendId backend, std::optional<shm::BackendId> instead_of) {
    return table.bind(key, backend, instead_of, 31'536'000, 5000, shm::Room::evict,
                      shm::Trust::unconfirmed);
  };
  CHECK_FALSE(table.find_session(key, 5000));
  CHECK(bind(7, std::nullopt) == 7u);
  const auto is_confirmed = [&](std::uint64_t now_ms) {
    const auto found = table.find_session(key, now_ms);
    REQUIRE(found);
    return found->is_confirmed;
  };
  CHECK_FALSE(is_confirmed(5000));
  CHECK_FALSE(is_confirmed(9000));  // a use is not enough
  CHECK(bind(8, std::nullopt) == 7u);
  CHECK_FALSE(is_confirmed(9000));
  CHECK(bind(8, 7) == 8u);  // another backend
  CHECK_FALSE(is_confirmed(9000));
  CHECK(table.look_up(key, 5000 + std::uint64_t{31'536'000} * 1000) == 8u);  // it has its whole ttl
  table.remember(key, 8, 31'536'000, 9000);
  CHECK(is_confirmed(9000));
  CHECK(bind(9, 8) == 9u);  // what is confirmed stays so at another backend
  CHECK(is_confirmed(9000));
  CHECK(table.look_up(key, 9000) == 9u);
}

TEST_CASE("what is remembered or bound without a word about it is confirmed") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  table.remember({1, 2}, 7, 10, 0);
  table.bind({3, 4}, 7, std::nullopt, 10, 0);
  table.bind({5, 6}, 7, std::nullopt, 10, 0, shm::Room::evict, shm::Trust::unconfirmed);
  table.remember({5, 6}, 7, 10, 0);
  for (const SessionKey key : {SessionKey{1, 2}, SessionKey{3, 4}, SessionKey{5, 6}}) {
    REQUIRE(table.find_session(key, 0));
    CHECK(table.find_session(key, 0)->is_confirmed);
  }
  CHECK(table.totals(0).stored == 3);
}

TEST_CASE("an unconfirmed session expires and counts like any other") {
  const SessionMemory memory(1000);
  auto table = memory.view<SessionTable>();
  table.bind({1, 2}, 7, std::nullopt, 10, 0, shm::Room::evict, shm::Trust::unconfirmed);
  CHECK(table.totals(10'999).live == 1);
  CHECK(table.totals(11'000).live == 0);
  CHECK_FALSE(table.find_session({1, 2}, 11'000));
  CHECK(table.totals(11'000).stored == 0);
}

TEST_CASE("unconfirmed sessions go first, and push out no confirmed one") {
  const SessionMemory memory(kSmallest);
  auto table = memory.view<SessionTable>();
  const auto bind = [&](std::uint64_t number, shm::Room room, std::uint64_t now_ms) {
    table.bind(in_shard_0(number), 7, std::nullopt, 1000, now_ms, room, shm::Trust::unconfirmed);
    return !table.was_full();
  };
  for (std::uint64_t number = 1; number < kShardEntries; ++number) {
    table.remember(in_shard_0(number), 7, 1000, 0);
  }
  CHECK(bind(100, shm::Room::free, 9000));  // the last free entry
  CHECK(bind(101, shm::Room::free, 9000));  // that of the other unconfirmed one
  CHECK_FALSE(table.find_session(in_shard_0(100), 9000));
  CHECK(table.find_session(in_shard_0(101), 9000));
  CHECK(table.totals(9000).evicted == 1);
  table.remember(in_shard_0(102), 7, 1000, 9000, shm::Room::free);  // the same
  CHECK_FALSE(table.was_full());
  CHECK_FALSE(table.find_session(in_shard_0(101), 9000));
  CHECK(table.find_session(in_shard_0(102), 9000));
  CHECK_FALSE(bind(103, shm::Room::free, 9000));  // all are confirmed
  CHECK(table.totals(9000).live == kShardEntries);
  CHECK(table.totals(9000).evicted == 2);
  for (std::uint64_t number = 1; number < kShardEntries; ++number) {
    CHECK(table.find_session(in_shard_0(number), 9000));
  }
}
