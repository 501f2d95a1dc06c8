// See shm/standby.h.
#include <doctest/doctest.h>

#include "shm/segment.h"

TEST_CASE("standby: begins and ends once") {
  shm::Segment segment(1000);
  shm::Standby& standby = segment.standby();
  CHECK_FALSE(standby.is_on());
  CHECK_FALSE(standby.end());
  CHECK(standby.begin(7, 5000));
  CHECK(standby.is_on());
  CHECK(standby.since_ms() == 5000);
  CHECK(standby.uid() == 7);
  CHECK_FALSE(standby.begin(8, 6000));
  CHECK(standby.since_ms() == 5000);
  CHECK(standby.uid() == 7);
  CHECK(standby.end());
  CHECK_FALSE(standby.is_on());
}

TEST_CASE("standby: each one has a time of its own") {
  shm::Segment segment(1000);
  shm::Standby& standby = segment.standby();
  CHECK(standby.begin(0, 5000));
  CHECK(standby.end());
  CHECK(standby.begin(0, 5000));
  CHECK(standby.since_ms() == 5001);
}
