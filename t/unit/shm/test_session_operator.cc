// Sessions that an operator looks at and changes by hand.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "shm/session_table.h"
#include "t/unit/shm/session_memory.h"

using shm::SessionAnswer;
using shm::SessionKey;
using shm::SessionTable;
using shm::SessionView;

namespace {

constexpr std::uint32_t kService = 5;
const SessionKey kKey = shm::with_service({0x0123456789abcdef, 0xfedcba9876543210}, kService);

struct Desk {
  SessionMemory memory{1000};
  SessionTable table = memory.view<SessionTable>();
  SessionView view;
};

}  // namespace

TEST_CASE("session_operator: to look at a session is no use of it") {
  Desk desk;
  CHECK(desk.table.peek(kKey, 5000, desk.view) == SessionAnswer::absent);
  desk.table.remember(kKey, 77, 300, 5000);
  CHECK(desk.table.peek(kKey, 105'000, desk.view) == SessionAnswer::done);
  CHECK(desk.view.backend == 77);
  CHECK(desk.view.idle_s == 100);
  CHECK(desk.view.ttl_s == 300);
  CHECK(desk.view.is_confirmed);
  CHECK(desk.table.peek(kKey, 305'000, desk.view) == SessionAnswer::done);
  CHECK(desk.view.idle_s == 300);
  CHECK(desk.table.peek(kKey, 306'000, desk.view) == SessionAnswer::absent);
}

TEST_CASE("session_operator: an unconfirmed session is shown as such") {
  Desk desk;
  desk.table.bind(kKey, 77, std::nullopt, 300, 5000, shm::Room::evict, shm::Trust::unconfirmed);
  CHECK(desk.table.peek(kKey, 5000, desk.view) == SessionAnswer::done);
  CHECK_FALSE(desk.view.is_confirmed);
  CHECK(desk.view.ttl_s == 300);
}

TEST_CASE("session_operator: a session is added, replaced and removed") {
  Desk desk;
  CHECK(desk.table.try_forget(kKey, 5000) == SessionAnswer::absent);
  CHECK(desk.table.try_remember(kKey, 77, 300, 5000) == SessionAnswer::done);
  CHECK(desk.table.look_up(kKey, 5000) == 77u);
  CHECK(desk.table.try_remember(kKey, 78, 10, 5000) == SessionAnswer::done);
  CHECK(desk.table.look_up(kKey, 5000) == 78u);
  CHECK(desk.table.totals(5000).stored == 1);
  CHECK(desk.table.try_forget(kKey, 16'000) == SessionAnswer::absent);
  CHECK(desk.table.totals(5000).stored == 0);
  CHECK(desk.table.try_remember(kKey, 77, 300, 5000) == SessionAnswer::done);
  CHECK(desk.table.try_forget(kKey, 5000) == SessionAnswer::done);
  CHECK(desk.table.look_up(kKey, 5000) == std::nullopt);
}

TEST_CASE("session_operator: a lock that is held is not waited for") {
  Desk desk;
  desk.table.remember(kKey, 77, 300, 5000);
  const auto shard = static_cast<std::uint32_t>(kKey.high % shm::kSessionShards);
  REQUIRE(desk.table.lock_of(shard).lock(0) == shm::Taken::clean);
  CHECK(desk.table.peek(kKey, 5000, desk.view) == SessionAnswer::busy);
  CHECK(desk.table.try_forget(kKey, 5000) == SessionAnswer::busy);
  CHECK(desk.table.try_remember(kKey, 78, 300, 5000) == SessionAnswer::busy);
  desk.table.lock_of(shard).unlock();
  CHECK(desk.table.peek(kKey, 5000, desk.view) == SessionAnswer::done);
  CHECK(desk.view.backend == 77);
}

TEST_CASE("session_operator: the sessions of a service are listed, at most so many") {
  Desk desk;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const SessionKey key{i * 0x9e3779b97f4a7c15, i + 1};
    desk.table.remember(shm::with_service(key, i < 12 ? kService : 6), 100 + i, 300, 5000);
  }
  std::vector<shm::BackendId> backends;
  for (const SessionView& one : desk.table.list(kService, 5000, 100)) {
    backends.push_back(one.backend);
  }
  std::sort(backends.begin(), backends.end());
  CHECK(backends ==
        std::vector<shm::BackendId>{100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111});
  CHECK(desk.table.list(kService, 5000, 5).size() == 5);
  CHECK(desk.table.list(kService, 306'000, 100).empty());
  CHECK(desk.table.list(7, 5000, 100).empty());
}
