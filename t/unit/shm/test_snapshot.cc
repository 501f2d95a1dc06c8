// A copy of the tables: what is in it, and what is not.
#include <doctest/doctest.h>

#include <string>

#include "shm/snapshot.h"

using shm::Segment;

TEST_CASE("an empty segment") {
  Segment segment(1000);
  const shm::Snapshot snapshot = shm::take_snapshot(segment, 5);
  CHECK(snapshot.at_ms == 5);
  CHECK(snapshot.intact);
  CHECK(snapshot.workers.empty());
  CHECK(snapshot.listeners.empty());
  CHECK(snapshot.services.empty());
  CHECK(snapshot.backends.empty());
  CHECK(snapshot.limits.empty());
  CHECK(snapshot.top_clients.empty());
  CHECK(snapshot.max_sessions == 1000);
  CHECK(snapshot.sessions.room == 4096);
}

TEST_CASE("rows in use only, each with its own figures") {
  Segment segment(1000);
  REQUIRE(segment.workers().take(0, 2) == 0u);
  REQUIRE(segment.workers().take(9, 2) == 1u);
  REQUIRE(segment.workers().take(1, 2) == 2u);
  segment.workers().free(1);
  segment.workers().count_request(0);
  REQUIRE(segment.listeners().enroll(1, 8) == 0u);
  REQUIRE(segment.listeners().gate(0).try_enter(2, 3, 0));
  segment.listeners().stream_gate(0).set_limit(5);
  REQUIRE(segment.listeners().stream_gate(0).try_enter(2, 3, 0));
  segment.listeners().cells(0, 0).count_request(shm::RequestProtocol::http11);
  segment.listeners().count_refusal(0, 2, 3);
  REQUIRE(segment.services().enroll({1, 2, 3}));
  segment.services().retire(1);
  segment.services().count_request(2, 0);
  segment.services().count_stranger(2, 0);
  segment.services().count_stranger(2, 0);
  for (int i = 0; i < 12; ++i) segment.services().take_retry(2, 0);
  segment.sessions().remember(shm::with_service({1, 2}, 2), 1, 10, 100);
  REQUIRE(segment.backends().enroll(1, 8, 40) == 0u);
  segment.backends().count_response(0, 2, 200, 700);
  segment.backends().gate(0).publish_waiting(2, segment.backends().gate(0).draw_ticket(), 5);
  const shm::Ticket stranger = segment.backends().gate(0).draw_ticket(shm::Rank::stranger);
  segment.backends().gate(0).publish_waiting(0, stranger, 3, shm::Rank::stranger);
  REQUIRE(segment.backends().mark_dead(0, shm::DeadReason::refused, 50));
  REQUIRE(segment.backends().claim_probe(0, 90, 10));
  for (shm::LimitId id = 1; id <= 3; ++id) REQUIRE(segment.limits().enroll(id));
  segment.limits().retire(1);
  segment.limits().count(2, 0, shm::LimitField::over);
  for (unsigned i = 0; i < 12; ++i) segment.limits().top().count(2, std::to_string(i));

  const shm::Snapshot snapshot = shm::take_snapshot(segment, 200);
  REQUIRE(snapshot.workers.size() == 2);
  CHECK(snapshot.workers[1].row == 2);
  CHECK(snapshot.workers[1].info.slot == 1);
  CHECK(snapshot.requests == 1);
  REQUIRE(snapshot.listeners.size() == 1);
  CHECK(snapshot.listeners[0].gate.in_service == 1);
  CHECK(snapshot.listeners[0].gate.limit == 8);
  CHECK(snapshot.listeners[0].streams.in_service == 1);
  CHECK(snapshot.listeners[0].streams.limit == 5);
  CHECK(snapshot.listeners[0].counters.all_requests() == 1);
  CHECK(snapshot.listeners[0].refused[3] == 1);
  REQUIRE(snapshot.services.size() == 2);
  CHECK(snapshot.services[0].sessions == 0);
  CHECK(snapshot.services[1].row == 2);
  CHECK(snapshot.services[1].requests == 1);
  CHECK(snapshot.services[1].sessions == 1);
  CHECK(snapshot.services[1].strangers == 2);
  CHECK(snapshot.services[1].retries == 10);
  CHECK(snapshot.services[1].retries_refused == 2);
  REQUIRE(snapshot.limits.size() == 2);
  CHECK(snapshot.limits[1].row == 2);
  CHECK(snapshot.limits[1].counters.over == 1);
  CHECK(snapshot.top_clients.size() == 10);
  REQUIRE(snapshot.backends.size() == 1);
  CHECK(snapshot.backends[0].gate.waiting == 8);
  CHECK(snapshot.backends[0].gate.strangers == 3);
  CHECK(snapshot.backends[0].liveness.since_ms == 50);
  CHECK(snapshot.backends[0].response_times.total() == 1);
  CHECK(snapshot.backends[0].last_probe_ms == 90);
}

TEST_CASE("retired rows are shown while a request is in service there") {
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
  REQUIRE(segment.listeners().stream_gate(0).try_enter(0, 1, 0));
  segment.listeners().gate(0).leave(0);
  CHECK(shm::take_snapshot(segment, 0).listeners.size() == 1);  // a stream is open
  segment.listeners().stream_gate(0).leave(0);
  CHECK(shm::take_snapshot(segment, 0).backends.empty());
  CHECK(shm::take_snapshot(segment, 0).listeners.empty());
}
