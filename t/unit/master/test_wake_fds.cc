#include <doctest/doctest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "master/wake_fds.h"

using master::WakeFds;

namespace {

bool is_readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1;
}

}  // namespace

TEST_CASE("wake_fds: four rows for each worker, 16 at least, and those that are in use") {
  CHECK(master::rows_needed(1) == 16);
  CHECK(master::rows_needed(4) == 16);
  CHECK(master::rows_needed(5) == 20);
  CHECK(master::rows_needed(48) == 192);
  CHECK(master::rows_needed(64) == shm::kMaxRows);
  CHECK(master::rows_needed(2, 8) == 16);
  CHECK(master::rows_needed(2, 9) == 17);
  CHECK(master::rows_needed(2, 1000) == shm::kMaxRows);
}

TEST_CASE("wake_fds: grow adds descriptors and keeps those that exist") {
  WakeFds wake_fds(3);
  const std::vector<int> before = wake_fds.by_row();
  wake_fds.grow(2);
  CHECK(wake_fds.by_row() == before);
  wake_fds.grow(5);
  REQUIRE(wake_fds.rows() == 5);
  for (std::size_t i = 0; i < 3; ++i) CHECK(wake_fds.by_row()[i] == before[i]);
}

TEST_CASE("wake_fds: notify wakes one row only") {
  const WakeFds wake_fds(3);
  REQUIRE(wake_fds.by_row().size() == 3);
  wake_fds.notify(1);
  wake_fds.notify(1);
  wake_fds.notify(3);  // no such row
  CHECK_FALSE(is_readable(wake_fds.by_row()[0]));
  CHECK(is_readable(wake_fds.by_row()[1]));
  CHECK_FALSE(is_readable(wake_fds.by_row()[2]));
}

TEST_CASE("wake_fds: the doorbell stays readable until it is cleared, and may be cleared twice") {
  WakeFds wake_fds(1);
  ::eventfd_write(wake_fds.doorbell(), 1);
  CHECK(is_readable(wake_fds.doorbell()));
  wake_fds.clear_doorbell();
  CHECK_FALSE(is_readable(wake_fds.doorbell()));
  wake_fds.clear_doorbell();
}
