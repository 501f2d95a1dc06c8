// What the administrator wants of backends: commands, and changes of the file.
#include "shm/admin_states.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "shm/segment.h"

using shm::AdminState;
using shm::AdminStates;

namespace {

constexpr std::uint32_t kRow = 3;

struct Administered {
  std::unique_ptr<AdminStates::MasterPart> part = std::make_unique<AdminStates::MasterPart>();
  AdminStates admin{*part};
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
