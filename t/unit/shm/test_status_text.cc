// The status dump, to the letter.
#include <doctest/doctest.h>

#include "shm/status_text.h"

using shm::DeadReason;
using shm::Segment;
using shm::Standing;
using shm::WorkerState;
using Lines = std::vector<std::string>;

namespace {

constexpr shm::ProcessStatus kProcess{"1.2.3", 99, 2, 1000};

Lines lines_of(const shm::ProcessStatus& process, const shm::Snapshot& snapshot,
               const shm::RowNames& names) {
  return shm::status_lines(shm::status_objects(process, snapshot, names));
}

// As one text, so that a failure shows what differs.
std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("status_text: a line about passwords once there was one") {
  Segment segment(1000);
  segment.auth().checks = 7;
  segment.auth().matches = 3;
  const auto lines = lines_of({}, shm::take_snapshot(segment, 0), {});
  CHECK(lines.back() == "status: object=auth checks=7 matches=3");
}

TEST_CASE("status_text: a line about the session store where there is one") {
  shm::Snapshot snapshot;
  snapshot.auth_checks = 1;
  const auto line = [&snapshot] {
    shm::RowNames names;
    names.store = "10.0.0.1:6379,[::1]:6379";
    const Lines lines = lines_of({}, snapshot, names);
    REQUIRE(lines.size() == 4);
    CHECK(lines[1].starts_with("status: object=sessions "));
    CHECK(lines[3].starts_with("status: object=auth "));
    return lines[2];
  };
  CHECK(line() ==
        "status: object=store address=10.0.0.1:6379,[::1]:6379 state=- workers_ready=0 "
        "workers_connecting=0 workers_refusing=0 workers_late=0 workers_down=0 asked=0 found=0 "
        "written=0 late=0 "
        "refused=0 skipped=0");
  snapshot.store.links = {7, 1, 2, 3, 4, 5};
  snapshot.store.counts = {11, 12, 13, 14, 15, 16};
  CHECK(line() ==
        "status: object=store address=10.0.0.1:6379,[::1]:6379 state=down workers_ready=2 "
        "workers_connecting=1 workers_refusing=3 workers_late=4 workers_down=5 asked=11 found=12 "
        "written=13 late=14 "
        "refused=15 skipped=16");
  const auto state = [&](const std::array<std::uint32_t, shm::kStoreLinks>& links) {
    snapshot.store.links = links;
    const std::string text = line();
    const std::size_t begin = text.find(" state=") + 7;
    return text.substr(begin, text.find(' ', begin) - begin);
  };
  CHECK(state({9, 1, 1, 1, 1, 0}) == "late");
  CHECK(state({9, 1, 1, 1, 0, 0}) == "refusing");
  CHECK(state({9, 1, 1, 0, 0, 0}) == "connecting");
  CHECK(state({9, 0, 1, 0, 0, 0}) == "ready");
  CHECK(state({9, 0, 0, 0, 0, 0}) == "-");
}

TEST_CASE("an empty segment is two lines") {
  Segment segment(1000);
  CHECK(
      lines_of(kProcess, shm::take_snapshot(segment, 5), {}) ==
      Lines{
          "status: object=process version=1.2.3 pid=99 generation=2 uptime_s=0 workers=0 "
          "listeners=0 services=0 backends=0 clients=0 requests=0 p50_ms=- p99_ms=- segment=intact",
          "status: object=sessions used=0 capacity=1000 evicted=0 recovered=0 stored=0 "
          "room=4096 wiped=0"});
}

TEST_CASE("all objects, with names and without") {
  shm::Snapshot snapshot;
  snapshot.at_ms = 100'000;
  snapshot.intact = false;
  snapshot.requests = 12;
  shm::WorkerInfo info;
  info.state = WorkerState::ready;
  info.pid = 4711;
  info.generation = 2;
  info.heartbeat_ms = 99'000;
  info.requests = 7;
  info.clients = 3;
  info.restarts = 4;
  info.doing.activity = shm::Activity::relay;
  info.buffered = 60'000;
  info.buffer_memory = 1U << 20;
  snapshot.workers = {{0, info, 5},
                      {2, {WorkerState::starting, -1, 1, 2, 0, 0, 1, 0, {}, {}, 0, 0}, 0}};
  snapshot.listeners = {{0, {8, 1, 2, 1}, {}, {}, {1024, 6, 0, 0}}, {1, {}, {}, {}, {}}};
  shm::ListenerCounters& counters = snapshot.listeners[0].counters;
  counters.requests = {1, 5, 2, 1};
  counters.connections = 4;
  counters.bytes_in = 1000;
  counters.bytes_out = 2000;
  counters.tls_handshakes = {0, 0, 1, 2};
  counters.tls_resumptions = 2;
  counters.responses.by_class = {9, 1, 2, 3, 4, 5};
  snapshot.listeners[0].refused[1] = 3;
  snapshot.listeners[0].refused[2] = 1;
  snapshot.listeners[0].refused[100] = 1;
  snapshot.services = {{1, 6, 2, 4, 3, 5, {}, {shm::AdminState::disabled, 0, 90'000}},
                       {0, 1, 0, 0, 0, 0, {}}};
  snapshot.services[0].responses.by_class = {0, 0, 6, 0, 0, 0};
  snapshot.backends = {{0, {8, 4, 3, 2}, {true, DeadReason::none, 40'000}, {}, {}, 0, {}, 0, {}},
                       {1,
                        {},
                        {false, DeadReason::refused, 97'500},
                        {},
                        {},
                        98'000,
                        {Standing::dead, 0},
                        0,
                        {{shm::CheckResult::status, 503}, 2, 98'500}},
                       {3,
                        {},
                        {},
                        {},
                        {},
                        0,
                        {Standing::ejected, 0},
                        129'500,
                        {{shm::CheckResult::passed}, 300, 100'100}},
                       {4, {}, {}, {}, {}, 0, {Standing::warming, 16}, 99'000, {}},
                       {2, {}, {}, {}, {}, 0, {}, 0, {}}};
  snapshot.backends[0].counters.requests = 6;
  snapshot.backends[0].counters.responses.by_class = {0, 0, 5, 0, 0, 1};
  snapshot.backends[1].counters.requests = 5;
  snapshot.backends[1].counters.failures = 1;
  snapshot.backends[1]
      .counters.by_failure[static_cast<std::size_t>(shm::BackendFailure::tls_verify)] = 1;
  snapshot.backends[1].counters.deaths = 2;
  snapshot.backends[2].counters.ejections = 3;
  snapshot.backends[0].admin = {shm::AdminState::disabled, 1000, 93'000};
  snapshot.backends[1].admin = {shm::AdminState::drained, {}, 95'000};
  shm::LatencyCells cells;
  cells.count(10);
  cells.count(1'000'000);
  snapshot.backends[0].response_times.add(cells);
  snapshot.limits = {{1, {9, 8, 7, 6}}, {0, {1, 2, 0, 0}}};
  snapshot.top_clients = {{"192.0.2.0/24", 12, 3}, {"2001:db8::1", 1, 0}};
  snapshot.busy_clients = {{"198.51.100.1", 5, 1}};
  snapshot.max_sessions = 1000;
  snapshot.sessions = {1, 2, 4096, 3, 4, 5};

  snapshot.at_unix_s = 1000;
  const shm::RowNames names{{"0.0.0.0:80"},
                            {"0.0.0.0:80/1"},
                            {{"be0", "10.0.0.1:80", 3}, {"be=\"1\"\n\\ ", "[::1]:80"}},
                            {{}, {"0.0.0.0:80/1", 2, "header:X-Key", "observe"}},
                            {{"listener", "0.0.0.0:443", "a.test", "/a b.pem", 940},
                             {"backend", "be0", "", "/c.pem", 1001}},
                            {"none", "bare_lf", "version"},
                            {}};
  CHECK(joined(lines_of(kProcess, snapshot, names)) ==
        joined({("status: object=process version=1.2.3 pid=99 generation=2 uptime_s=99 workers=2 "
                 "listeners=2 services=2 backends=5 clients=4 requests=12 p50_ms=0.0 p99_ms=983.0 "
                 "segment=damaged"),
                ("status: object=worker slot=0 pid=4711 generation=2 state=ready clients=3 "
                 "requests=7 heartbeat_ms=1000 log_dropped=5 restarts=4 doing=relay "
                 "buffered=60000 buffer_memory=1048576"),
                ("status: object=worker slot=1 pid=0 generation=2 state=starting clients=1 "
                 "requests=0 heartbeat_ms=- log_dropped=0 restarts=0 doing=starting "
                 "buffered=0 buffer_memory=0"),
                ("status: object=listener address=0.0.0.0:80 in_service=1 waiting=2 "
                 "waiting_strangers=1 limit=8 requests=9 streams=6 max_streams=1024 connections=4 "
                 "bytes_in=1000 bytes_out=2000 tls_handshakes=3 tls_resumptions=2 status_1xx=1 "
                 "status_2xx=2 status_3xx=3 status_4xx=4 status_5xx=5 refused=5 "
                 "refused_bare_lf=3 refused_version=1 "
                 "refused_100=1"),
                ("status: object=listener address=#1 in_service=0 waiting=0 waiting_strangers=0 "
                 "limit=0 requests=0 streams=0 max_streams=0 connections=0 bytes_in=0 bytes_out=0 "
                 "tls_handshakes=0 tls_resumptions=0 status_1xx=0 status_2xx=0 status_3xx=0 "
                 "status_4xx=0 status_5xx=0 refused=0"),
                "status: object=service name=#1 requests=6 sessions=2 strangers=4 "
                "retries=3 retries_refused=5 status_1xx=0 status_2xx=6 status_3xx=0 status_4xx=0 "
                "status_5xx=0 admin=disabled admin_by=uid:0 admin_since_s=10",
                "status: object=service name=0.0.0.0:80/1 requests=1 sessions=0 strangers=0 "
                "retries=0 retries_refused=0 status_1xx=0 status_2xx=0 status_3xx=0 status_4xx=0 "
                "status_5xx=0 admin=enabled admin_by=- admin_since_s=-",
                ("status: object=backend name=be0 address=10.0.0.1:80 state=live since_s=60 "
                 "reason=- in_flight=4 limit=8 waiting=3 waiting_strangers=2 requests=6 failures=0 "
                 "tls_verify=0 tls_handshake=0 p50_ms=0.0 p99_ms=983.0 last_probe_s=- "
                 "share=100 ejected_s=- check=- check_s=- status_1xx=0 "
                 "status_2xx=5 status_3xx=0 status_4xx=0 status_5xx=1 deaths=0 ejections=0 "
                 "admin=disabled admin_by=uid:1000 admin_since_s=7 weight=3"),
                ("status: object=backend name=be\\x3d\\x221\\x22\\x0a\\x5c\\x20 address=[::1]:80 "
                 "state=dead since_s=2 reason=refused in_flight=0 limit=0 waiting=0 "
                 "waiting_strangers=0 requests=5 failures=1 tls_verify=1 tls_handshake=0 "
                 "p50_ms=- p99_ms=- last_probe_s=2 share=0 ejected_s=- check=http_503 check_s=1 "
                 "status_1xx=0 "
                 "status_2xx=0 status_3xx=0 status_4xx=0 status_5xx=0 deaths=2 ejections=0 "
                 "admin=drained admin_by=- admin_since_s=5 weight=-"),
                ("status: object=backend name=#3 address=- state=ejected since_s=100 reason=- "
                 "in_flight=0 limit=0 waiting=0 waiting_strangers=0 requests=0 failures=0 "
                 "tls_verify=0 tls_handshake=0 p50_ms=- p99_ms=- last_probe_s=- "
                 "share=0 ejected_s=30 check=passed check_s=0 status_1xx=0 "
                 "status_2xx=0 status_3xx=0 status_4xx=0 status_5xx=0 deaths=0 ejections=3 "
                 "admin=enabled admin_by=- admin_since_s=- weight=-"),
                ("status: object=backend name=#4 address=- state=warming since_s=100 reason=- "
                 "in_flight=0 limit=0 waiting=0 waiting_strangers=0 requests=0 failures=0 "
                 "tls_verify=0 tls_handshake=0 p50_ms=- p99_ms=- last_probe_s=- "
                 "share=6 ejected_s=- check=- check_s=- status_1xx=0 "
                 "status_2xx=0 status_3xx=0 status_4xx=0 status_5xx=0 deaths=0 ejections=0 "
                 "admin=enabled admin_by=- admin_since_s=- weight=-"),
                ("status: object=backend name=#2 address=- state=live since_s=100 reason=- "
                 "in_flight=0 limit=0 waiting=0 waiting_strangers=0 requests=0 failures=0 "
                 "tls_verify=0 tls_handshake=0 p50_ms=- p99_ms=- last_probe_s=- "
                 "share=100 ejected_s=- check=- check_s=- status_1xx=0 "
                 "status_2xx=0 status_3xx=0 status_4xx=0 status_5xx=0 deaths=0 ejections=0 "
                 "admin=enabled admin_by=- admin_since_s=- weight=-"),
                ("status: object=limit of=0.0.0.0:80/1 number=2 key=header:X-Key mode=observe "
                 "passed=9 over=8 connections_over=7 evicted=6"),
                ("status: object=limit of=#0 number=0 key=- mode=- passed=1 over=2 "
                 "connections_over=0 evicted=0"),
                ("status: object=certificate owner=listener of=0.0.0.0:443 name=a.test "
                 "file=/a\\x20b.pem not_after_s=940 expires_in_s=-60"),
                ("status: object=certificate owner=backend of=be0 name=- file=/c.pem "
                 "not_after_s=1001 expires_in_s=1"),
                "status: object=client address=192.0.2.0/24 over=12 over_error=3",
                "status: object=client address=2001:db8::1 over=1 over_error=0",
                "status: object=busy_client address=198.51.100.1 requests=80 requests_error=16",
                ("status: object=sessions used=1 capacity=1000 evicted=3 recovered=4 stored=2 "
                 "room=4096 wiped=5")}));
}

TEST_CASE("a heartbeat newer than the snapshot has an age of 0") {
  shm::Snapshot snapshot;
  snapshot.at_ms = 1999;
  shm::WorkerInfo info;
  info.heartbeat_ms = 2000;
  snapshot.workers = {{0, info, 0}};
  CHECK(lines_of(kProcess, snapshot, {}).at(1).find(" heartbeat_ms=0 ") != std::string::npos);
}

TEST_CASE("the last line says whether the dump is whole") {
  CHECK(shm::status_end_line(12, 0) == "status: object=end lines=12 omitted=0");
  CHECK(shm::status_end_line(12, 3) == "status: object=end lines=12 omitted=3");
}
