#include <doctest/doctest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "master/bells.h"

using master::Bells;

namespace {

bool rings(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1;
}

}  // namespace

TEST_CASE("bells: as many rows as can be needed") {
  CHECK(master::rows_needed(1) == 16);
  CHECK(master::rows_needed(4) == 16);
  CHECK(master::rows_needed(5) == 20);
  CHECK(master::rows_needed(48) == 192);
  CHECK(master::rows_needed(64) == shm::kMaxRows);
  CHECK(master::rows_needed(2, 8) == 16);
  CHECK(master::rows_needed(2, 9) == 17);
  CHECK(master::rows_needed(2, 1000) == shm::kMaxRows);
}

TEST_CASE("bells: more are made, those that there were stay") {
  Bells bells(3);
  const std::vector<int> before = bells.wake_fds();
  bells.grow(2);
  CHECK(bells.wake_fds() == before);
  bells.grow(5);
  REQUIRE(bells.rows() == 5);
  for (std::size_t i = 0; i < 3; ++i) CHECK(bells.wake_fds()[i] == before[i]);
}

TEST_CASE("bells: a row's bell is rung for that row alone") {
  const Bells bells(3);
  REQUIRE(bells.wake_fds().size() == 3);
  bells.ring(1);
  bells.ring(1);
  bells.ring(3);  // nobody's
  CHECK_FALSE(rings(bells.wake_fds()[0]));
  CHECK(rings(bells.wake_fds()[1]));
  CHECK_FALSE(rings(bells.wake_fds()[2]));
}

TEST_CASE("bells: the doorbell rings until it is silenced, and silence may be asked for twice") {
  Bells bells(1);
  ::eventfd_write(bells.doorbell(), 1);
  CHECK(rings(bells.doorbell()));
  bells.silence_doorbell();
  CHECK_FALSE(rings(bells.doorbell()));
  bells.silence_doorbell();
}
