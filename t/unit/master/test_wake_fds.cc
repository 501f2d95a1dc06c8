#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

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

TEST_CASE("wake_fds: grow adds pairs and keeps those that exist") {
  WakeFds wake_fds(3);
  const std::vector<int> before = wake_fds.wakers();
  wake_fds.grow(2);
  CHECK(wake_fds.wakers() == before);
  wake_fds.grow(5);
  REQUIRE(wake_fds.rows() == 5);
  REQUIRE(wake_fds.sleepers().size() == 5);
  for (std::size_t i = 0; i < 3; ++i) CHECK(wake_fds.wakers()[i] == before[i]);
}

TEST_CASE("wake_fds: notify wakes one row only") {
  const WakeFds wake_fds(3);
  wake_fds.notify(1);
  wake_fds.notify(1);
  wake_fds.notify(3);  // no such row
  CHECK_FALSE(is_readable(wake_fds.sleepers()[0]));
  CHECK(is_readable(wake_fds.sleepers()[1]));
  CHECK_FALSE(is_readable(wake_fds.sleepers()[2]));
}

TEST_CASE("wake_fds: the doorbell stays readable until it is cleared, and may be cleared twice") {
  WakeFds wake_fds(1);
  CHECK(worker::net::wake(wake_fds.doorbell_button()));
  CHECK(is_readable(wake_fds.doorbell()));
  wake_fds.clear_doorbell();
  CHECK_FALSE(is_readable(wake_fds.doorbell()));
  wake_fds.clear_doorbell();
}

TEST_CASE("wake_fds: mend leaves a pair that works, and replaces one that was shut down") {
  WakeFds wake_fds(2);
  const std::vector<int> wakers = wake_fds.wakers();
  const std::vector<int> sleepers = wake_fds.sleepers();
  wake_fds.notify(0);
  wake_fds.mend(0);
  wake_fds.mend(9);  // no such row
  CHECK_FALSE(is_readable(sleepers[0]));
  REQUIRE(::shutdown(wakers[1], SHUT_WR) == 0);
  wake_fds.notify(1);
  CHECK_FALSE(is_readable(sleepers[1]));
  wake_fds.mend(1);
  wake_fds.notify(1);
  CHECK(is_readable(sleepers[1]));
  CHECK(wake_fds.wakers() == wakers);
  CHECK(wake_fds.sleepers() == sleepers);
}
