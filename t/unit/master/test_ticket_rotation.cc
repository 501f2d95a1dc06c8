#include <doctest/doctest.h>

#include "master/ticket_rotation.h"
#include "shm/segment.h"

TEST_CASE("ticket rotation: the first key is there at once, the next is due twelve hours later") {
  shm::Segment segment(1);
  std::uint64_t version = 0;
  shm::TicketKeyPair keys;
  CHECK_FALSE(segment.ticket_keys().read(version, keys));

  master::TicketRotation rotation(segment.ticket_keys(), 1000);
  REQUIRE(segment.ticket_keys().read(version, keys));
  CHECK(keys[1].name == keys[0].name);
  CHECK(rotation.due_ms() == 1000 + 12 * 3600 * 1000);
}

TEST_CASE("ticket rotation: replace leaves neither of the keys that somebody may have read") {
  shm::Segment segment(1);
  std::uint64_t version = 0;
  shm::TicketKeyPair before;
  shm::TicketKeyPair after;
  master::TicketRotation rotation(segment.ticket_keys(), 1000);
  rotation.rotate(2000);
  REQUIRE(segment.ticket_keys().read(version, before));
  rotation.replace(3000);
  REQUIRE(segment.ticket_keys().read(version, after));
  for (const shm::TicketKey& one : before) {
    for (const shm::TicketKey& other : after) CHECK(one.cipher != other.cipher);
  }
  CHECK(rotation.due_ms() == 3000 + master::kTicketKeyMs);
}

TEST_CASE("ticket rotation: the next key replaces the newest, which stays as the previous one") {
  shm::Segment segment(1);
  std::uint64_t version = 0;
  shm::TicketKeyPair keys;
  master::TicketRotation rotation(segment.ticket_keys(), 1000);
  REQUIRE(segment.ticket_keys().read(version, keys));
  const shm::TicketKey first = keys[0];

  rotation.rotate(5000);
  REQUIRE(segment.ticket_keys().read(version, keys));
  CHECK(keys[0].name != first.name);
  CHECK(keys[0].cipher != first.cipher);
  CHECK(keys[0].mac != first.mac);
  CHECK(keys[1].name == first.name);
  CHECK(keys[1].cipher == first.cipher);
  CHECK(rotation.due_ms() == 5000 + master::kTicketKeyMs);
}
