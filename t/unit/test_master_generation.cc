#include <doctest/doctest.h>

#include <set>

#include "master/generation.h"
#include "master/start_error.h"
#include "t/unit/test_master_heritage.h"

using master::Generation;

TEST_CASE("generation: every backend and listener has a row; twins have two") {
  shm::Segment segment;
  worker::Heritage heritage = sample_heritage();
  master::enroll(heritage, segment);
  std::set<std::uint32_t> rows;
  for (const worker::BackendHeritage& backend : heritage.backends) rows.insert(backend.row);
  CHECK(rows.size() == 3);
  CHECK(heritage.listeners[0].row != heritage.listeners[1].row);
  CHECK(segment.backends().gate(heritage.backends[0].row).limit() == 8);
  CHECK(segment.backends().gate(heritage.backends[1].row).limit() == 3);
  CHECK(segment.listeners().gate(heritage.listeners[0].row).limit() == 8);

  worker::Heritage again = sample_heritage();
  master::enroll(again, segment);
  for (std::size_t i = 0; i < 3; ++i) CHECK(again.backends[i].row == heritage.backends[i].row);
}

TEST_CASE("generation: a backend without an address is dead from the start") {
  shm::Segment segment;
  worker::Heritage heritage = sample_heritage();
  master::enroll(heritage, segment);
  CHECK(segment.backends().is_live(heritage.backends[0].row));
  const shm::Liveness lost = segment.backends().liveness(heritage.backends[2].row);
  CHECK_FALSE(lost.live);
  CHECK(lost.reason == shm::DeadReason::dns);
}

TEST_CASE("generation: a slot's heritage has its own sockets") {
  shm::Segment segment;
  const master::Bells bells(16);
  worker::Heritage heritage = sample_heritage();
  master::enroll(heritage, segment);
  const Generation made = master::make_generation(3, std::move(heritage), 2, segment, bells);
  REQUIRE(made.sockets.size() == 2);
  REQUIRE(made.sockets[0] != nullptr);
  CHECK(made.sockets[0]->by_slot.size() == 2);
  REQUIRE(made.sockets[1] != nullptr);

  const worker::Heritage own = made.heritage_of(1, 5, 99);
  CHECK(own.slot == 1);
  CHECK(own.row == 5);
  CHECK(own.generation == 3);
  CHECK(own.control == 99);
  CHECK(own.detail == 2);
  CHECK(own.segment == &segment);
  CHECK(own.doorbell == bells.doorbell());
  CHECK(own.wake_fds == bells.wake_fds());
  CHECK(own.listeners[0].socket == made.sockets[0]->by_slot[1].get());
  CHECK(own.listeners[1].socket == made.sockets[1]->by_slot[1].get());
}
