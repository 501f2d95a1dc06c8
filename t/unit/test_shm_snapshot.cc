// The status dump, to the letter.
#include <doctest/doctest.h>

#include "shm/snapshot.h"

using shm::DeadReason;
using shm::Segment;
using shm::WorkerState;
using Lines = std::vector<std::string>;

TEST_CASE("an empty segment is two lines") {
  Segment segment(1000);
  CHECK(shm::to_lines(shm::take_snapshot(segment, 5), {}) ==
        Lines{"status: all workers=0 listeners=0 backends=0 requests=0 segment=intact",
              "status: sessions live=0 stored=0 room=4096 evicted=0 recovered=0 wiped=0"});
}

TEST_CASE("all tables, row by row, with names and without") {
  Segment segment(1000);
  REQUIRE(segment.workers().take(0, 2) == 0u);
  REQUIRE(segment.workers().take(9, 2) == 1u);
  REQUIRE(segment.workers().take(1, 2) == 2u);
  segment.workers().free(1);
  segment.workers().set_pid(0, 4711);
  segment.workers().set_state(0, WorkerState::ready);
  segment.workers().beat(0, 99'000);
  segment.workers().set_clients(0, 3);
  segment.workers().count_request(0);
  segment.workers().count_request(0);
  REQUIRE(segment.listeners().enroll(1, 8) == 0u);
  REQUIRE(segment.listeners().enroll(2, 0) == 1u);
  REQUIRE(segment.listeners().gate(0).try_enter(0, 3, 0));
  segment.listeners().count_request(0, 0);
  REQUIRE(segment.backends().enroll(1, 8, 40'000) == 0u);
  REQUIRE(segment.backends().enroll(2, 4, 40'000) == 1u);
  REQUIRE(segment.backends().mark_dead(1, DeadReason::refused, 97'500));
  segment.backends().count_request(1, 2);
  segment.backends().count_failure(1, 2);
  segment.backends().gate(1).publish_waiting(2, segment.backends().gate(1).draw_ticket(), 5);
  segment.sessions().remember({1, 2}, 1, 10, 50'000);
  segment.sessions().remember({3, 4}, 1, 100, 50'000);

  const shm::SnapshotNames names{{"http 0.0.0.0:80"}, {"be0", "be=\"1\"\n"}};
  CHECK(shm::to_lines(shm::take_snapshot(segment, 100'000), names) ==
        Lines{"status: all workers=2 listeners=2 backends=2 requests=2 segment=intact",
              "status: worker slot=0 row=0 pid=4711 generation=2 state=ready clients=3 requests=2 "
              "beat_ms_ago=1000 log_dropped=0",
              "status: worker slot=1 row=2 pid=0 generation=2 state=starting clients=0 requests=0 "
              "beat=never log_dropped=0",
              "status: listener name=http\\x200.0.0.0:80 in_service=1 limit=8 waiting=0 requests=1",
              "status: listener name=#1 in_service=0 limit=0 waiting=0 requests=0",
              "status: backend name=be0 state=live for_s=60 in_service=0 limit=8 waiting=0 "
              "requests=0 failures=0",
              "status: backend name=be\\x3d\\x221\\x22\\x0a state=dead reason=refused for_s=2 "
              "in_service=0 limit=4 waiting=5 requests=1 failures=1",
              "status: sessions live=1 stored=2 room=4096 evicted=0 recovered=0 wiped=0"});
}

TEST_CASE("what is retired is shown while something is in service there") {
  Segment segment(1000);
  REQUIRE(segment.workers().take(0, 1) == 0u);
  REQUIRE(segment.backends().enroll(1, 8, 0) == 0u);
  REQUIRE(segment.listeners().enroll(1, 8) == 0u);
  REQUIRE(segment.backends().gate(0).try_enter(0, 1, 0));
  REQUIRE(segment.listeners().gate(0).try_enter(0, 1, 0));
  segment.backends().retire(0);
  segment.listeners().retire(0);
  CHECK(shm::take_snapshot(segment, 0).backends.size() == 1);
  CHECK(shm::take_snapshot(segment, 0).listeners.size() == 1);
  segment.backends().gate(0).leave(0);
  segment.listeners().gate(0).leave(0);
  CHECK(shm::take_snapshot(segment, 0).backends.empty());
  CHECK(shm::take_snapshot(segment, 0).listeners.empty());
}

TEST_CASE("a beat newer than the snapshot's clock is no time ago") {
  Segment segment(1000);
  REQUIRE(segment.workers().take(0, 1) == 0u);
  segment.workers().beat(0, 2000);
  const Lines lines = shm::to_lines(shm::take_snapshot(segment, 1999), {});
  CHECK(lines.at(1) ==
        "status: worker slot=0 row=0 pid=0 generation=1 state=starting clients=0 requests=0 "
        "beat_ms_ago=0 log_dropped=0");
}
