#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "shm/segment.h"
#include "worker/log/log.h"

TEST_CASE("log: a record reaches the ring with its severity, and wakes only a sleeping master") {
  shm::Segment segment;
  const shm::Row row = segment.workers().take(0, 1).value();
  shm::LogRing& ring = segment.log_ring(row);
  const int doorbell = ::eventfd(0, EFD_NONBLOCK);
  REQUIRE(doorbell >= 0);
  worker::log::Log log(ring, doorbell, 2);
  CHECK(log.detail() == 2);

  std::uint64_t rung = 0;
  log.write(worker::log::Severity::warning, "first");
  CHECK(::read(doorbell, &rung, sizeof rung) < 0);
  ring.sleep();
  log.write(worker::log::Severity::error, "second");
  log.write(worker::log::Severity::debug, "third");
  CHECK(::read(doorbell, &rung, sizeof rung) == sizeof rung);
  CHECK(rung == 1);

  int priority = -1;
  std::string text;
  REQUIRE(ring.read(priority, text));
  CHECK(priority == 4);
  CHECK(text == "first");
  REQUIRE(ring.read(priority, text));
  CHECK(priority == 3);
  CHECK(text == "second");
  REQUIRE(ring.read(priority, text));
  CHECK(priority == 7);
  CHECK(text == "third");
  CHECK(!ring.read(priority, text));
  ::close(doorbell);
}
