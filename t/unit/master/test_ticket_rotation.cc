#include <doctest/doctest.h>

#include <set>

#include "master/ticket_rotation.h"
#include "shm/segment.h"
#include "t/unit/folder.h"

TEST_CASE("ticket rotation: the first key is there at once, the next is due twelve hours later") {
  shm::Segment segment(1);
  std::uint64_t version = 0;
  shm::TicketKeySet keys;
  CHECK_FALSE(segment.ticket_keys().read(version, keys));

  master::TicketRotation rotation(segment.ticket_keys(), 1000);
  REQUIRE(segment.ticket_keys().read(version, keys));
  CHECK(keys[1].name == keys[0].name);
  CHECK(rotation.due_ms() == 1000 + 12 * 3600 * 1000);
}

TEST_CASE("ticket rotation: replace leaves neither of the keys that somebody may have read") {
  shm::Segment segment(1);
  std::uint64_t version = 0;
  shm::TicketKeySet before;
  shm::TicketKeySet after;
  master::TicketRotation rotation(segment.ticket_keys(), 1000);
  rotation.rotate(2000, 0);
  REQUIRE(segment.ticket_keys().read(version, before));
  CHECK(rotation.replace(3000));
  REQUIRE(segment.ticket_keys().read(version, after));
  for (const shm::TicketKey& one : before) {
    for (const shm::TicketKey& other : after) CHECK(one.cipher != other.cipher);
  }
  CHECK(rotation.due_ms() == 3000 + master::kTicketKeyMs);
}

TEST_CASE("ticket rotation: the next key replaces the newest, which stays as the previous one") {
  shm::Segment segment(1);
  std::uint64_t version = 0;
  shm::TicketKeySet keys;
  master::TicketRotation rotation(segment.ticket_keys(), 1000);
  REQUIRE(segment.ticket_keys().read(version, keys));
  const shm::TicketKey first = keys[0];

  rotation.rotate(5000, 0);
  REQUIRE(segment.ticket_keys().read(version, keys));
  CHECK(keys[0].name != first.name);
  CHECK(keys[0].cipher != first.cipher);
  CHECK(keys[0].mac != first.mac);
  CHECK(keys[1].name == first.name);
  CHECK(keys[1].cipher == first.cipher);
  CHECK(rotation.due_ms() == 5000 + master::kTicketKeyMs);
}

namespace {

constexpr std::int64_t kNoon = 1'800'014'400;  // the first second of a period

std::vector<worker::auth::SharedSecret> secrets_of(const Folder& folder,
                                                   const std::vector<std::string>& contents) {
  conf::Global global;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const std::string name = "secret" + std::to_string(i);
    global.secrets.push_back({folder.write(name, contents[i]), {}});
  }
  conf::Diagnostics diagnostics;
  const std::vector<worker::auth::SharedSecret> secrets =
      worker::auth::load_secrets(global, diagnostics);
  REQUIRE(secrets.size() == contents.size());
  return secrets;
}

// The keys of a machine with these secrets at a time.
shm::TicketKeySet keys_at(const std::vector<worker::auth::SharedSecret>& secrets,
                          std::int64_t unix_s) {
  shm::Segment segment(1);
  master::TicketRotation rotation(segment.ticket_keys(), 1000);
  rotation.follow(secrets, 1000, unix_s);
  std::uint64_t version = 0;
  shm::TicketKeySet keys;
  REQUIRE(segment.ticket_keys().read(version, keys));
  return keys;
}

bool opens(const shm::TicketKeySet& keys, const shm::TicketKey& seal) {
  for (const shm::TicketKey& key : keys) {
    if (key.name == seal.name) return key.cipher == seal.cipher && key.mac == seal.mac;
  }
  return false;
}

const std::string kOld(32, 'o');
const std::string kNew(40, 'n');

}  // namespace

TEST_CASE("ticket rotation: machines with one secret have the same keys, clocks may differ") {
  const Folder folder;
  const auto secrets = secrets_of(folder, {kOld});
  const shm::TicketKeySet keys = keys_at(secrets, kNoon);
  CHECK(keys[0].name == keys_at(secrets_of(folder, {kOld}), kNoon + 43'199)[0].name);
  CHECK(keys[0].name != keys_at(secrets, kNoon - 1)[0].name);
  CHECK(opens(keys, keys_at(secrets, kNoon - 1)[0]));
  CHECK(opens(keys_at(secrets, kNoon - 1), keys[0]));
  CHECK_FALSE(opens(keys_at(secrets, kNoon + 2 * 43'200), keys[0]));
  CHECK_FALSE(opens(keys_at(secrets_of(folder, {kNew}), kNoon), keys[0]));
}

TEST_CASE("ticket rotation: while a secret is replaced, both open tickets and the first seals") {
  const Folder folder;
  const shm::TicketKeySet old = keys_at(secrets_of(folder, {kOld}), kNoon);
  const shm::TicketKeySet fresh = keys_at(secrets_of(folder, {kNew}), kNoon);
  const shm::TicketKeySet both = keys_at(secrets_of(folder, {kNew, kOld}), kNoon);
  CHECK(both[0].name == fresh[0].name);
  CHECK(opens(both, old[0]));
  CHECK(opens(keys_at(secrets_of(folder, {kOld, kNew}), kNoon), fresh[0]));
  std::set<std::array<std::uint8_t, 16>> names;
  for (const shm::TicketKey& key : both) names.insert(key.name);
  CHECK(names.size() == shm::kTicketKeys);
}

TEST_CASE("ticket rotation: the clock is followed, and keys of a secret are not replaced") {
  const Folder folder;
  shm::Segment segment(1);
  master::TicketRotation rotation(segment.ticket_keys(), 1000);
  rotation.follow(secrets_of(folder, {kOld}), 2000, kNoon);
  CHECK(rotation.due_ms() == 2000 + master::kTicketClockMs);
  std::uint64_t version = 0;
  shm::TicketKeySet keys;
  REQUIRE(segment.ticket_keys().read(version, keys));
  const shm::TicketKey first = keys[0];
  CHECK_FALSE(rotation.replace(3000));
  rotation.rotate(4000, kNoon + 43'199);
  CHECK_FALSE(segment.ticket_keys().read(version, keys));
  CHECK(rotation.due_ms() == 4000 + master::kTicketClockMs);
  rotation.rotate(5000, kNoon + 43'200);
  REQUIRE(segment.ticket_keys().read(version, keys));
  CHECK(keys[0].name != first.name);
  CHECK(opens(keys, first));

  rotation.follow({}, 6000, kNoon + 43'200);
  REQUIRE(segment.ticket_keys().read(version, keys));
  CHECK(rotation.due_ms() == 6000 + master::kTicketKeyMs);
  CHECK(rotation.replace(7000));
}
