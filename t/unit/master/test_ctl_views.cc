#include <doctest/doctest.h>

#include <string>

#include "master/ctl/objects.h"
#include "master/ctl/table.h"
#include "master/ctl/times.h"
#include "master/ctl/top.h"
#include "master/ctl/views.h"

using namespace master::ctl;

namespace {

const std::string kProcess =
    "object=process version=0.1.0 pid=7 generation=2 uptime_s=93784 workers=1 clients=3 "
    "requests=100 segment=intact\n";

Objects state(const std::string& more) { return parse_objects(kProcess + more); }

Lines problems(const std::string& more) { return problems_of(state(more)).wrong; }

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

TEST_CASE("ctl views: services have a state, and a disabled one is told") {
  const std::string lines =
      "object=service name=a:80/1 requests=5 sessions=0 retries=0 retries_refused=0 "
      "admin=disabled admin_by=uid:7 admin_since_s=61\n"
      "object=service name=a:80/2 requests=0 sessions=2 retries=0 retries_refused=0 "
      "admin=enabled admin_by=- admin_since_s=-\n"
      "object=service name=a:80/3 requests=0 sessions=0 retries=0 retries_refused=0 "
      "admin=disabled admin_by=- admin_since_s=2\n";
  CHECK(problems_of(state(lines)).notices ==
        Lines{"service a:80/1 is disabled by uid:7, for 1m",
              "service a:80/3 is disabled by the configuration, for 2s"});
  CHECK(list_view("services", state(lines), 80) ==
        Lines{"SERVICE  STATE     REQUESTS  SESSIONS  RETRIES  REFUSED RETRIES",
              "a:80/1   disabled         5         0        0                0",
              "a:80/2   enabled          0         2        0                0",
              "a:80/3   disabled         0         0        0                0"});
}

TEST_CASE("ctl views: what is wrong") {
  CHECK(problems("").empty());
  CHECK(problems(backend("a", "state=live check=- waiting=0")).empty());
  CHECK(problems(backend("a", "state=dead since_s=70 reason=refused")) ==
        Lines{"backend a is dead: refused, for 1m"});
  CHECK(problems("object=sessions used=4 capacity=4\n") ==
        Lines{"the table of sessions is full: the oldest give way (MaxSessions)"});
  CHECK(problems_of(parse_objects("object=process segment=damaged\n")).wrong ==
        Lines{"the shared memory is damaged: restart Pound"});
}

TEST_CASE("ctl views: what is wanted is told apart from what is wrong") {
  const Objects objects = state(
      backend("a", "state=dead reason=refused admin=disabled admin_by=uid:0 admin_since_s=9") +
      backend("b", "state=ejected ejected_s=12"));
  CHECK(problems_of(objects).wrong == Lines{"backend b is ejected: too many errors"});
  CHECK(problems_of(objects).notices ==
        Lines{"backend a is disabled by uid:0, and dead: refused, for 9s"});
  CHECK(status_view(objects, 80)[2] == "! backend b is ejected: too many errors");
  CHECK(status_view(objects, 80)[3] ==
        "- backend a is disabled by uid:0, and dead: refused, for 9s");
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
  CHECK(lines[2] == "! backend bad is dead: reset, for 5s");
  CHECK(lines[4] == "BACKEND  STATE  SINCE  IN FLIGHT  WAIT  REQUESTS  FAILED  P50 ms  P99 ms");
  CHECK(lines[5].starts_with("bad      dead      5s          0     0         -"));
  CHECK(lines[6] == "good     live      5s        1/8     0        10       0     1.5    20.0");
  CHECK(status_view(state(""), 80)[2] == "Nothing is wrong.");
}

TEST_CASE("ctl views: status has the session store where there is one") {
  const Lines lines = status_view(
      state(
          "object=store address=a:6379 state=late workers_ready=1 workers_connecting=0 "
          "workers_late=1 workers_down=0 asked=11 found=5 written=7 late=2 refused=1 skipped=4\n"),
      80);
  REQUIRE(lines.size() == 6);
  CHECK(lines[2] == "! store a:6379 is late: this machine keeps its sessions alone");
  CHECK(lines[4] == "STORE   STATE  ASKED  FOUND  WRITTEN  LATE  REFUSED  SKIPPED");
  CHECK(lines[5] == "a:6379  late      11      5        7     2        1        4");
}

TEST_CASE("ctl views: top shows what counters have gained, the busiest first") {
  const auto at = [](int process, int one, int two, int fast, int slow, int busy) {
    return Sample{
        parse_objects(
            "object=process version=0 pid=7 segment=intact requests=" + std::to_string(process) +
            "\n" +
            "object=listener address=l in_service=2 limit=2 waiting=1 status_4xx=0 status_5xx=" +
            std::to_string(one) + "\n" + "object=service name=l/1 requests=" + std::to_string(one) +
            " retries=0\n" + "object=service name=l/2 requests=" + std::to_string(two) +
            " retries=0\n" + "object=busy_client address=192.0.2.1 requests=16 requests_error=0\n" +
            "object=busy_client address=192.0.2.2 requests=" + std::to_string(busy) +
            " requests_error=0\n"),
        parse_objects("object=times of=listener name=l us_1000=" + std::to_string(fast) +
                      " us_2500=" + std::to_string(slow) + " us_more=0\n" +
                      "object=times of=service name=l/2 us_1000=" + std::to_string(fast) +
                      " us_2500=0 us_more=0\n")};
  };
  const Sample first = at(100, 10, 90, 5, 7, 32);
  const Sample second = at(300, 20, 280, 105, 107, 192);
  const Lines lines = top_view({first, second, 2}, 80, 24);
  CHECK(lines[1] == "100 requests/s, p50 1.0 ms, p99 2.5 ms, 0.0 4xx/s, 5.0 5xx/s");
  CHECK(lines[2] == "2 in service, 1 waiting");
  REQUIRE(lines.size() >= 8);
  CHECK(lines[3].starts_with("! listener l has no free slot, "));
  CHECK(lines[5] == "SERVICE  REQUESTS/s  4xx/s  5xx/s  P50 ms  P99 ms  RETRIES/s");
  CHECK(lines[6] == "l/2              95    0.0    0.0     0.5     1.0        0.0");
  CHECK(lines[7] == "l/1             5.0    0.0    0.0       -       -        0.0");
  REQUIRE(lines.size() == 11);
  CHECK(lines[9] == "CLIENT     REQUESTS/s");
  CHECK(lines[10] == "192.0.2.2         ~80");
  CHECK(top_view({first, second, 2}, 80, 4).size() == 4);
  // After a restart counters begin anew.
  CHECK(top_view({second, first, 1}, 80, 24)[1].starts_with("0.0 requests/s, p50 - ms"));
}

TEST_CASE("ctl times: percentiles between two moments") {
  const auto times = [](const std::string& counts) {
    return parse_objects("object=times of=listener name=a " + counts + "\n");
  };
  const auto before = times("us_1000=10 us_2000=0 us_4000=0 us_more=0");
  const auto all = [&](const std::string& counts, unsigned percent) {
    return Times::of_all(before, times(counts)).text(percent);
  };
  CHECK(all("us_1000=10 us_2000=0 us_4000=0 us_more=0", 50) == "-");
  CHECK(all("us_1000=20 us_2000=0 us_4000=0 us_more=0", 50) == "0.5");
  CHECK(all("us_1000=10 us_2000=0 us_4000=4 us_more=0", 50) == "3.0");
  CHECK(all("us_1000=11 us_2000=0 us_4000=0 us_more=99", 99) == "4.0");
  CHECK(all("us_1000=60 us_2000=50 us_4000=0 us_more=0", 75) == "1.5");
  CHECK(Times::of_all({}, before).text(50) == "0.5");
  CHECK(Times::of_all(before, {}).text(50) == "-");
  CHECK(Times::of_service({}, before, "a").text(50) == "-");
  const Objects service = parse_objects("object=times of=service name=a us_1000=2 us_more=0\n");
  CHECK(Times::of_service({}, service, "a").text(100) == "1.0");
  CHECK(Times::of_service({}, service, "b").text(100) == "-");
}
