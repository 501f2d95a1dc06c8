#include <doctest/doctest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "master/wake_fds.h"

using master::WakeFds;

namespace {

bool rings(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1;
}

}  // namespace

TEST_CASE("wake_fds: as many rows as can be needed") {
  CHECK(master::rows_needed(1) == 16);
  CHECK(master::rows_needed(4) == 16);
  CHECK(master::rows_needed(5) == 20);
  CHECK(master::rows_needed(48) == 192);
  CHECK(master::rows_needed(64) == shm::kMaxRows);
  CHECK(master::rows_needed(2, 8) == 16);
  CHECK(master::rows_needed(2, 9) == 17);
  CHECK(master::rows_needed(2, 1000) == shm::kMaxRows);
}

TEST_CASE("wake_fds: more are made, those that there were stay") {
  WakeFds wake_fds(3);
  const std::vector<int> before = wake_fds.by_row();
  wake_fds.grow(2);
  CHECK(wake_fds.by_row() == before);
  wake_fds.grow(5);
  REQUIRE(wake_fds.rows() == 5);
  for (std::size_t i = 0; i < 3; ++i) CHECK(wake_fds.by_row()[i] == before[i]);
}

TEST_CASE("wake_fds: a row's bell is rung for that row alone") {
  const WakeFds wake_fds(3);
  REQUIRE(wake_fds.by_row().size() == 3);
  wake_fds.notify(1);
  wake_fds.notify(1);
  wake_fds.notify(3);  // nobody's
  CHECK_FALSE(rings(wake_fds.by_row()[0]));
  CHECK(rings(wake_fds.by_row()[1]));
  CHECK_FALSE(rings(wake_fds.by_row()[2]));
}

TEST_CASE("wake_fds: the doorbell rings until it is silenced, and silence may be asked for twice") {
  WakeFds wake_fds(1);
  ::eventfd_write(wake_fds.doorbell(), 1);
  CHECK(rings(wake_fds.doorbell()));
  wake_fds.clear_doorbell();
  CHECK_FALSE(rings(wake_fds.doorbell()));
  wake_fds.clear_doorbell();
}
