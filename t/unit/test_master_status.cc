#include <doctest/doctest.h>

#include "master/clock.h"
#include "master/status.h"
#include "t/unit/test_master_heritage.h"

using master::Process;

TEST_CASE("status: a line for each worker, listener and backend") {
  shm::Segment segment;
  const master::Bells bells(16);
  worker::Heritage heritage = sample_heritage();
  master::enroll(heritage, segment);
  const master::Generation generation =
      master::make_generation(1, std::move(heritage), 0, segment, bells);
  const shm::Row row = *segment.workers().take(0, 1);
  segment.workers().set_clients(row, 2);
  segment.workers().count_request(row);
  segment.backends().count_request(generation.heritage.backends[0].row, row);
  segment.backends().count_failure(generation.heritage.backends[0].row, row);
  segment.listeners().count_request(generation.heritage.listeners[0].row, row);

  master::ProcessTable processes;
  const std::uint64_t now = master::now_ms();
  processes.add({1, 0}, Process{123, row, {}, now - 5000, true, false});
  const std::vector<std::string> lines = master::status_lines(generation, processes, now);
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] ==
        "status: worker 0 (pid 123): generation 1, ready, up 5 s, 2 clients, 1 request");
  CHECK(lines[1] == "status: listener 127.0.0.1:0: 0 of 8 in service, 0 waiting, 1 request");
  CHECK(lines[2] == "status: listener 127.0.0.1:0: 0 of 8 in service, 0 waiting, 0 requests");
  CHECK(lines[3] ==
        "status: backend twin: live for 0 s, 0 of 8 in service, 0 waiting, 1 request, 1 failure");
  CHECK(lines[4] ==
        "status: backend twin: live for 0 s, 0 of 3 in service, 0 waiting, 0 requests, 0 failures");
  CHECK(lines[5].find("status: backend lost: dead (" +
                      std::string(shm::to_text(shm::DeadReason::dns)) + ") for 0 s, 0 of 8") == 0);
}
