#include <doctest/doctest.h>

#include <string>

#include "master/ctl/objects.h"
#include "master/ctl/table.h"
#include "master/ctl/top.h"
#include "master/ctl/views.h"

using namespace master::ctl;

namespace {

const std::string kProcess =
    "object=process version=0.1.0 pid=7 generation=2 uptime_s=93784 workers=1 clients=3 "
    "requests=100 segment=intact\n";

Objects state(const std::string& more) { return parse_objects(kProcess + more); }

Lines problems(const std::string& more) { return problems_of(state(more)); }

std::string backend(const std::string& name, const std::string& fields) {
  return "object=backend name=" + name + " address=10.0.0.1:80 " + fields + "\n";
}

}  // namespace

TEST_CASE("ctl views: spans of time") {
  CHECK(span_text(0) == "0s");
  CHECK(span_text(59) == "59s");
  CHECK(span_text(60) == "1m");
  CHECK(span_text(3599) == "59m");
  CHECK(span_text(3600) == "1h0m");
  CHECK(span_text(86'399) == "23h59m");
  CHECK(span_text(86'400) == "1d0h");
  CHECK(span_text(93'784) == "1d2h");
}

TEST_CASE("ctl views: the headline") {
  CHECK(headline(first_of(state(""), "process")) ==
        "pound 0.1.0, pid 7, generation 2, up 1d2h, 3 clients, 100 requests");
}

TEST_CASE("ctl views: a table is as wide as its cells, and cut in its first column") {
  Table table({{"NAME", Table::Align::left}, {"COUNT"}});
  CHECK(table.is_empty());
  table.add({"a-name-that-is-long", "7"});
  table.add({"b\x1b", "12345678"});
  CHECK(table.lines(80) == Lines{"NAME                    COUNT", "a-name-that-is-long         7",
                                 "b\\x1b                12345678"});
  CHECK(table.lines(25) == Lines{"NAME                COUNT", "a-name-that-i..         7",
                                 "b\\x1b            12345678"});
  CHECK(table.lines(1)[1] == "a-name-tha..         7");
}

TEST_CASE("ctl views: what is wrong") {
  CHECK(problems("").empty());
  CHECK(problems(backend("a", "state=live check=- waiting=0")).empty());
  CHECK(problems(backend("a", "state=live check=passed waiting=0")).empty());
  CHECK(problems(backend("a", "state=dead since_s=70 reason=refused")) ==
        Lines{"backend a (10.0.0.1:80) is dead since 1m: refused"});
  CHECK(problems(backend("a", "state=ejected ejected_s=12")) ==
        Lines{"backend a is ejected because of its errors, for 12s"});
  CHECK(problems(backend("a", "state=live check=http_500")) ==
        Lines{"backend a does not pass its checks: http_500"});
  CHECK(problems(backend("a", "state=live waiting=3 in_flight=8 limit=8")) ==
        Lines{"backend a is full: 3 requests wait, 8 of 8 are in flight"});
  CHECK(problems("object=listener address=l waiting=1 in_service=2 limit=2\n") ==
        Lines{"listener l is full: 1 requests wait, 2 of 2 are in service"});
  CHECK(problems("object=worker slot=1 pid=9 heartbeat_ms=2999\n").empty());
  CHECK(problems("object=worker slot=1 pid=9 heartbeat_ms=3000 doing=relay\n") ==
        Lines{"worker 1 (pid 9) gives no sign of life since 3s, at relay"});
  CHECK(problems("object=worker slot=1 pid=9 restarts=2 log_dropped=5\n") ==
        Lines{"worker 1 (pid 9) was replaced 2 times after a crash",
              "worker 1 (pid 9) lost 5 log records"});
  CHECK(problems("object=worker slot=0 pid=9 buffered=89 buffer_memory=100\n").empty());
  CHECK(problems("object=worker slot=0 pid=9 buffered=90 buffer_memory=100\n") ==
        Lines{"worker 0 (pid 9) has no BufferMemory left"});
  CHECK(problems("object=sessions evicted=4\n") ==
        Lines{"the table of sessions was full: 4 sessions were forgotten early (MaxSessions)"});
  CHECK(problems_of(parse_objects("object=process segment=damaged\n")) ==
        Lines{"the shared memory is damaged; restart pound"});
}

TEST_CASE("ctl views: status has what is wrong first, and wrong backends before others") {
  const Lines lines = status_view(
      state(backend("good",
                    "state=live since_s=5 in_flight=1 limit=8 waiting=0 requests=10 "
                    "failures=0 p50_ms=1.5 p99_ms=20.0") +
            backend("bad", "state=dead since_s=5 reason=reset in_flight=0 limit=0 waiting=0")),
      80);
  REQUIRE(lines.size() == 7);
  CHECK(lines[1] == "");
  CHECK(lines[2] == "! backend bad (10.0.0.1:80) is dead since 5s: reset");
  CHECK(lines[4] ==
        "BACKEND  STATE  SINCE  IN FLIGHT  WAITING  REQUESTS  FAILURES  P50 ms  P99 ms");
  CHECK(lines[5].starts_with("bad      dead      5s          0        0         -"));
  CHECK(lines[6] ==
        "good     live      5s        1/8        0        10         0     1.5    20.0");
  CHECK(status_view(state(""), 80)[2] == "Nothing is wrong.");
}

TEST_CASE("ctl views: top shows what counters have gained, the busiest first") {
  const auto at = [](int process, int one, int two) {
    return parse_objects(
        "object=process version=0 pid=7 requests=" + std::to_string(process) + "\n" +
        "object=listener address=l refused=0 in_service=2 waiting=1\n" +
        "object=service name=l/1 requests=" + std::to_string(one) + " retries=0 sessions=3\n" +
        "object=service name=l/2 requests=" + std::to_string(two) + " retries=0 sessions=0\n");
  };
  const Lines lines = top_view({at(100, 10, 90), at(300, 20, 280), 2}, 80, 24);
  CHECK(lines[1] == "100 requests/s, 0.0 refused/s, 0.0 failures/s, 2 in service, 1 waiting");
  REQUIRE(lines.size() >= 6);
  CHECK(lines[2].starts_with("! listener l is full: "));
  CHECK(lines[4] == "SERVICE  REQUESTS/s  RETRIES/s  SESSIONS");
  CHECK(lines[5] == "l/2              95        0.0         0");
  CHECK(lines[6] == "l/1             5.0        0.0         3");
  CHECK(top_view({at(100, 10, 90), at(300, 20, 280), 2}, 80, 4).size() == 4);
  // After a restart counters begin anew.
  CHECK(top_view({at(300, 20, 280), at(100, 10, 90), 1}, 80, 24)[1].starts_with("0.0 requests/s"));
}
