#include <doctest/doctest.h>

#include <memory>

#include "master/ticket_rotation.h"
#include "shm/segment.h"

TEST_CASE("ticket rotation: a key at once, the next one after twelve hours and not before") {
  shm::Segment segment(1);
  std::uint64_t version = 0;
  shm::TicketKeyPair keys;
  CHECK_FALSE(segment.ticket_keys().read(version, keys));

  master::TicketRotation rotation(segment.ticket_keys(), 1000);
  REQUIRE(segment.ticket_keys().read(version, keys));
  const shm::TicketKey first = keys[0];
  CHECK(keys[1].name == first.name);

  rotation.turn(1000 + master::kTicketKeyMs - 1);
  CHECK_FALSE(segment.ticket_keys().read(version, keys));
  rotation.turn(1000 + master::kTicketKeyMs);
  REQUIRE(segment.ticket_keys().read(version, keys));
  CHECK(keys[0].name != first.name);
  CHECK(keys[0].cipher != first.cipher);
  CHECK(keys[0].mac != first.mac);
  CHECK(keys[1].name == first.name);
  CHECK(keys[1].cipher == first.cipher);

  rotation.turn(1000 + 2 * master::kTicketKeyMs - 1);
  CHECK_FALSE(segment.ticket_keys().read(version, keys));
}
