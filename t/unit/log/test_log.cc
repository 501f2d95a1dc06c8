#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "shm/segment.h"
#include "worker/log/log.h"

TEST_CASE("log: a record reaches the ring with its severity, and wakes only a sleeping master") {
  shm::Segment segment;
  const shm::Row row = segment.workers().take(0, 1).value();
  shm::LogRing& ring = segment.log_ring(row);
  int doorbell[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM, 0, doorbell) == 0);
  segment.log_detail() = 2;
  worker::log::Log log(ring, doorbell[0], segment.log_detail());
  const auto has_rung = [&] {
    char byte = 0;
    return ::recv(doorbell[1], &byte, sizeof byte, MSG_DONTWAIT) == 1;
  };
  CHECK(log.detail() == 2);
  segment.log_detail() = 0;
  CHECK(log.detail() == 0);

  log.write(worker::log::Severity::warning, "first");
  CHECK(!has_rung());
  ring.sleep();
  log.write(worker::log::Severity::error, "second");
  log.write(worker::log::Severity::debug, "third");
  CHECK(has_rung());
  CHECK(!has_rung());

  shm::LogReader reader;
  int priority = -1;
  std::string text;
  REQUIRE(reader.read(ring, priority, text));
  CHECK(priority == 4);
  CHECK(text == "first");
  REQUIRE(reader.read(ring, priority, text));
  CHECK(priority == 3);
  CHECK(text == "second");
  REQUIRE(reader.read(ring, priority, text));
  CHECK(priority == 7);
  CHECK(text == "third");
  CHECK(!reader.read(ring, priority, text));
  for (const int end : doorbell) ::close(end);
}
