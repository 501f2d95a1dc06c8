// What the administrator wants of backends: commands, and changes of the file.
#include "shm/admin_states.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "shm/segment.h"

using shm::AdminState;
using shm::AdminStates;

namespace {

constexpr std::uint32_t kRow = 3;

struct Administered {
  using Rows = AdminStates::Rows<8>;
  std::unique_ptr<Rows> rows = std::make_unique<Rows>();
  AdminStates admin{*rows, AdminState::drained};
  // "STATE UID SINCE", with "-" for the file.
  std::string now() const {
    const shm::Admin is = admin.admin(kRow);
    return std::string(to_text(is.state)) + " " + (is.uid ? std::to_string(*is.uid) : "-") + " " +
           std::to_string(is.since_ms);
  }
};

}  // namespace

TEST_CASE("admin_states: a command changes the state and says whose it was") {
  Administered house;
  CHECK(house.now() == "enabled - 0");
  CHECK(house.admin.set(kRow, AdminState::drained, 0, 5));
  CHECK(house.now() == "drained 0 5");
  CHECK(house.admin.set(kRow, AdminState::disabled, 4'294'967'295, 6));
  CHECK(house.now() == "disabled 4294967295 6");
  CHECK_FALSE(house.admin.set(kRow, AdminState::disabled, 7, 8));
  CHECK(house.now() == "disabled 4294967295 6");
  CHECK(house.admin.set(kRow, AdminState::enabled, 1000, 9));
  CHECK(house.now() == "enabled 1000 9");
  CHECK(house.admin.state(kRow + 1) == AdminState::enabled);
}

TEST_CASE("admin_states: a reload that changes nothing leaves the command") {
  Administered house;
  house.admin.follow_file(kRow, false, 1);
  CHECK(house.now() == "enabled - 0");
  CHECK(house.admin.set(kRow, AdminState::disabled, 1, 2));
  CHECK_FALSE(house.admin.would_change(kRow, false));
  house.admin.follow_file(kRow, false, 3);
  CHECK(house.now() == "disabled 1 2");
}

TEST_CASE("admin_states: enable counts until the file says Disabled anew") {
  Administered house;
  CHECK(house.admin.would_change(kRow, true));
  house.admin.follow_file(kRow, true, 1);
  CHECK(house.now() == "drained - 1");
  CHECK(house.admin.set(kRow, AdminState::enabled, 1, 2));
  house.admin.follow_file(kRow, true, 3);
  CHECK(house.now() == "enabled 1 2");
  CHECK_FALSE(house.admin.would_change(kRow, false));
  house.admin.follow_file(kRow, false, 4);
  CHECK(house.now() == "enabled 1 2");
  house.admin.follow_file(kRow, true, 5);
  CHECK(house.now() == "drained - 5");
}

TEST_CASE("admin_states: a change of the file wins over a command") {
  Administered house;
  CHECK(house.admin.set(kRow, AdminState::disabled, 1, 2));
  house.admin.follow_file(kRow, true, 3);
  CHECK(house.now() == "drained - 3");
  CHECK(house.admin.set(kRow, AdminState::disabled, 1, 4));
  house.admin.follow_file(kRow, false, 5);
  CHECK(house.now() == "enabled - 5");
}

TEST_CASE("admin_states: a service that returns has its state, and its Disabled disables") {
  const auto segment = std::make_unique<shm::Segment>(16);
  shm::ServiceTable& table = segment->services();
  const std::uint32_t row = table.enroll({7, 8})->at(1);
  table.admin().follow_file(row, true, 1);
  CHECK(table.admin().state(row) == AdminState::disabled);
  CHECK(table.admin().state(0) == AdminState::enabled);
  table.retire(row);
  CHECK(table.enroll({8})->at(0) == row);
  CHECK(table.admin().state(row) == AdminState::disabled);
  table.retire(row);
  std::vector<shm::ServiceId> others;
  for (shm::ServiceId id = 100; id < 100 + shm::kMaxServices - 1; ++id) others.push_back(id);
  const auto rows = table.enroll(others);
  REQUIRE(rows);
  CHECK(std::ranges::find(*rows, row) != rows->end());
  CHECK(table.admin().state(row) == AdminState::enabled);
  CHECK(table.admin().admin(row).since_ms == 0);
}

TEST_CASE("admin_states: a backend that returns has its state, another one in its row has none") {
  const auto segment = std::make_unique<shm::Segment>(16);
  shm::BackendTable& table = segment->backends();
  const std::uint32_t row = *table.enroll(1, 0, 0);
  CHECK(table.admin().set(row, AdminState::disabled, 1, 2));
  table.retire(row);
  CHECK(*table.enroll(1, 0, 3) == row);
  CHECK(table.admin().state(row) == AdminState::disabled);
  for (shm::BackendId id = 2; id <= shm::kMaxBackends; ++id) REQUIRE(table.enroll(id, 0, 4));
  table.retire(row);
  CHECK(*table.enroll(shm::kMaxBackends + 1, 0, 5) == row);
  CHECK(table.admin().state(row) == AdminState::enabled);
  CHECK_FALSE(table.admin().admin(row).uid);
}
