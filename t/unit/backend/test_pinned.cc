#include "worker/backend/pinned.h"

#include <doctest/doctest.h>

#include "t/unit/backend/harness.h"

using namespace backend_test;
using worker::backend::PinnedUpstream;

TEST_CASE("pinned: fault D1: it gives its connection once, marked as reused") {
  House house;
  PinnedUpstream pinned(house.loop, house.backends[0], house.connect());
  CHECK(&pinned.backend() == &house.backends[0]);
  const auto taken = pinned.take();
  REQUIRE(taken != nullptr);
  CHECK(taken->reused);
  CHECK(pinned.take() == nullptr);
  house.turn();
  CHECK(!house.fakes[0]->is_closed());
  taken->close();
}

TEST_CASE("pinned: a connection that ends or speaks without a request is closed") {
  House house;
  PinnedUpstream pinned(house.loop, house.backends[0], house.connect());
  bool has_turned = true;
  SUBCASE("it closes") { house.fakes[0]->closes(); }
  SUBCASE("it resets") { house.fakes[0]->resets(); }
  SUBCASE("it sends a byte") { house.fakes[0]->sends("H"); }
  SUBCASE("it sends a byte in this turn") {
    house.fakes[0]->sends("H");
    has_turned = false;
  }
  if (has_turned) house.turn();
  CHECK(pinned.take() == nullptr);
}

TEST_CASE("pinned: a connection to an address that the backend no longer has is closed") {
  House house({Mode::listening, Mode::listening});
  PinnedUpstream pinned(house.loop, house.backends[0], house.connect());
  house.publish(0, {house.fakes[1]->address()});
  CHECK(pinned.take() == nullptr);
  CHECK(house.until([&] { return house.fakes[0]->is_closed(); }));
}

TEST_CASE("pinned: its destructor closes the connection at once, not at the end of the turn") {
  House house;
  { PinnedUpstream pinned(house.loop, house.backends[0], house.connect()); }
  CHECK(house.until_without_turn([&] { return house.fakes[0]->is_closed(); }));
}
