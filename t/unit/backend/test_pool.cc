#include <doctest/doctest.h>

#include "t/unit/backend/harness.h"

using namespace backend_test;
using worker::backend::kMaxIdleUpstreams;
using worker::backend::kUpstreamIdleMs;
using worker::backend::UpstreamConnection;
using worker::backend::UpstreamPool;

TEST_CASE("pool: last in, first out, and marked as reused") {
  House house;
  UpstreamPool& pool = house.backends[0].pool;
  CHECK(pool.take() == nullptr);
  auto first = house.connect();
  auto second = house.connect();
  UpstreamConnection* const cold = first.get();
  UpstreamConnection* const warm = second.get();
  CHECK(!first->reused);
  pool.put(std::move(first));
  pool.put(std::move(second));
  CHECK(pool.size() == 2);
  const auto taken = pool.take();
  CHECK(taken.get() == warm);
  CHECK(taken->reused);
  CHECK(!taken->deadline().running());
  const auto other = pool.take();
  CHECK(other.get() == cold);
  CHECK(pool.size() == 0);
  CHECK(pool.take() == nullptr);
  taken->close();
  other->close();
}

TEST_CASE("pool: take() with an address gives the newest connection to that address, or none") {
  House house({Mode::listening, Mode::listening});
  UpstreamPool& pool = house.backends[0].pool;
  const shm::AddressKey first = worker::backend::key_of(house.fakes[0]->address());
  const shm::AddressKey second = worker::backend::key_of(house.fakes[1]->address());
  auto cold = house.connect(0);
  auto warm = house.connect(0);
  UpstreamConnection* const expected[] = {warm.get(), cold.get()};
  pool.put(std::move(cold));
  pool.put(std::move(warm));
  CHECK(pool.take(second) == nullptr);
  pool.put(house.connect(1));
  CHECK(pool.size() == 3);
  for (UpstreamConnection* const one : expected) {
    const auto taken = pool.take(first);
    CHECK(taken.get() == one);
    taken->close();
  }
  CHECK(pool.take(first) == nullptr);
  CHECK(pool.size() == 1);
}

TEST_CASE("pool: an event drops its own idle connection and no other") {
  House house;
  UpstreamPool& pool = house.backends[0].pool;
  pool.put(house.connect());
  pool.put(house.connect());
  SUBCASE("it closes") { house.fakes[0]->closes(0); }
  SUBCASE("it resets") { house.fakes[0]->resets(0); }
  SUBCASE("it sends a byte") { house.fakes[0]->sends("H", 0); }
  CHECK(house.until([&] { return pool.size() == 1; }));
  house.turn();
  CHECK(pool.size() == 1);
  CHECK(!house.fakes[0]->is_closed(1));
  const auto left = pool.take();
  CHECK(left->connect_result() == 0);
  left->close();
}

TEST_CASE("pool: fault D2: take() closes a connection on which something has come in this turn") {
  House house;
  UpstreamPool& pool = house.backends[0].pool;
  pool.put(house.connect());
  pool.put(house.connect());
  // The loop does not turn before take().
  SUBCASE("it closes") { house.fakes[0]->closes(1); }
  SUBCASE("it resets") { house.fakes[0]->resets(1); }
  SUBCASE("it sends a byte") { house.fakes[0]->sends("H", 1); }
  const auto taken = pool.take();
  REQUIRE(taken != nullptr);
  CHECK(pool.size() == 0);
  CHECK(taken->connect_result() == 0);
  house.turn();
  CHECK(!house.fakes[0]->is_closed(0));
  taken->close();
}

TEST_CASE("pool: fault D2: take() gives nothing when something has come on each connection") {
  House house;
  UpstreamPool& pool = house.backends[0].pool;
  pool.put(house.connect());
  house.fakes[0]->sends("HTTP/1.1 408 Request Timeout\r\n\r\n");
  CHECK(pool.take() == nullptr);
  CHECK(pool.size() == 0);
  CHECK(house.until_without_turn([&] { return house.fakes[0]->is_closed(); }));
}

TEST_CASE("pool: an idle connection is closed after kUpstreamIdleMs") {
  House house;
  UpstreamPool& pool = house.backends[0].pool;
  const std::uint64_t before = worker::net::EventLoop::now_ms();
  pool.put(house.connect());
  house.deadlines.of(kUpstreamIdleMs).sweep(before + kUpstreamIdleMs);
  CHECK(pool.size() == 1);
  net_test::expire(house.deadlines, kUpstreamIdleMs);
  CHECK(pool.size() == 0);
  CHECK(house.until_without_turn([&] { return house.fakes[0]->is_closed(); }));
}

TEST_CASE("pool: a connection in use has no idle deadline") {
  House house;
  UpstreamPool& pool = house.backends[0].pool;
  pool.put(house.connect());
  const auto taken = pool.take();
  net_test::expire(house.deadlines, kUpstreamIdleMs);
  house.turn();
  CHECK(!house.fakes[0]->is_closed());
  taken->close();
}

TEST_CASE("pool: it keeps kMaxIdleUpstreams connections and closes the next") {
  House house;
  UpstreamPool& pool = house.backends[0].pool;
  // The pool needs no sockets in them.
  for (std::size_t i = 0; i < kMaxIdleUpstreams; ++i) {
    pool.put(std::make_unique<UpstreamConnection>(house.loop));
  }
  CHECK(pool.size() == kMaxIdleUpstreams);
  pool.put(house.connect());
  CHECK(pool.size() == kMaxIdleUpstreams);
  CHECK(house.until_without_turn([&] { return house.fakes[0]->is_closed(); }));
  pool.clear();
  CHECK(pool.size() == 0);
}
