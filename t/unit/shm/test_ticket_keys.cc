#include <doctest/doctest.h>
#include <sched.h>

#include <algorithm>
#include <memory>

#include "shm/segment.h"
#include "t/unit/shm/children.h"

using shm::TicketKey;
using shm::TicketKeySet;

namespace {

// All bytes of which are `byte`.
TicketKey key_of(std::uint8_t byte) {
  TicketKey key;
  key.name.fill(byte);
  key.cipher.fill(byte);
  key.mac.fill(byte);
  return key;
}

bool is_whole(const TicketKey& key) {
  const std::uint8_t byte = key.name[0];
  const auto same = [byte](std::uint8_t one) { return one == byte; };
  return std::all_of(key.name.begin(), key.name.end(), same) &&
         std::all_of(key.cipher.begin(), key.cipher.end(), same) &&
         std::all_of(key.mac.begin(), key.mac.end(), same);
}

}  // namespace

TEST_CASE("ticket keys: none at first; then the newest key and the one before it") {
  shm::Segment segment(1);
  shm::TicketKeys& shared = segment.ticket_keys();
  std::uint64_t version = 0;
  TicketKeySet keys{};
  CHECK_FALSE(shared.read(version, keys));
  shared.rotate(key_of(1));
  REQUIRE(shared.read(version, keys));
  CHECK(keys[0].name[0] == 1);
  CHECK(keys[1].mac[31] == 1);
  CHECK_FALSE(shared.read(version, keys));  // seen already
  shared.rotate(key_of(2));
  shared.rotate(key_of(3));
  REQUIRE(shared.read(version, keys));
  CHECK(keys[0].name[0] == 3);
  CHECK(keys[1].name[0] == 2);
}

TEST_CASE("ticket keys: a reader in another process never sees half a key") {
  shm::Segment segment(1);
  shm::TicketKeys& shared = segment.ticket_keys();
  shared.rotate(key_of(1));
  const pid_t reader = children::start([&] {
    std::uint64_t version = 0;
    TicketKeySet keys{};
    while (keys[0].name[0] != 200) {
      if (shared.read(version, keys) && !(is_whole(keys[0]) && is_whole(keys[1]))) return false;
    }
    return true;
  });
  for (int i = 0; i < 20000; ++i) shared.rotate(key_of(static_cast<std::uint8_t>(i % 100 + 1)));
  shared.rotate(key_of(200));
  CHECK(children::succeeded(reader));
}

TEST_CASE("ticket keys: a writer killed anywhere leaves whole keys, or none") {
  unsigned whole = 0;
  for (unsigned kill = 0; kill < 25 * children::kRounds; ++kill) {
    children::Shared<shm::TicketKeys> shared;
    const pid_t writer = children::start([&]() -> bool {
      for (unsigned i = 0;; ++i) shared->rotate(key_of(static_cast<std::uint8_t>(i % 200 + 1)));
    });
    std::uint64_t version = 0;
    TicketKeySet keys{};
    while (version < 2 * (kill % 8 + 1)) {
      if (!shared->read(version, keys)) ::sched_yield();
    }
    ::kill(writer, SIGKILL);
    REQUIRE(children::killed(children::wait_for(writer)));
    version = 0;
    if (!shared->read(version, keys)) continue;  // the writer died inside rotate
    ++whole;
    REQUIRE(version % 2 == 0);
    REQUIRE(is_whole(keys[0]));
    REQUIRE(is_whole(keys[1]));
    // keys[1] is the key before keys[0]. The first rotation fills both.
    const unsigned newest = keys[0].name[0];
    REQUIRE(keys[1].name[0] == (version == 2 ? newest : newest == 1 ? 200 : newest - 1));
  }
  CHECK(whole > 0);
}
