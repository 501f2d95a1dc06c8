#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "t/unit/net/await.h"
#include "worker/transaction/pace.h"

namespace {

using net_test::expire;
using worker::net::DeadlineList;
using worker::net::DeadlineLists;
using worker::route::PaceLimits;
using worker::transaction::Pace;

constexpr std::uint64_t kTimeout = 5000;
constexpr std::uint64_t kOther = 7000;

// A client that has moved `moved` bytes. Verdicts: 's' for silent, 'r' for too low a rate.
struct Client final : worker::transaction::PaceUser {
  std::int64_t client_moved() const override { return moved; }
  bool is_wanted() const override { return wanted; }
  void on_client_silent() override {
    verdicts += 's';
    pace->stop();
  }
  void on_client_too_slow() override {
    verdicts += 'r';
    pace->stop();
  }
  std::int64_t moved = 0;
  bool wanted = false;
  std::string verdicts;
  Pace* pace = nullptr;
};

// Spans last kTimeout; the limits live as long as the test program.
const PaceLimits& limits(DeadlineLists& lists, DeadlineList& silence, std::uint64_t min_bytes,
                         std::uint64_t crowded_bytes = 0) {
  static std::deque<PaceLimits> all;
  return all.emplace_back(PaceLimits{silence, lists.of(kTimeout), min_bytes, crowded_bytes});
}

struct Fixture {
  Fixture() { client.pace = &pace; }
  DeadlineLists lists;
  DeadlineList& timeout = lists.of(kTimeout);
  DeadlineList& other = lists.of(kOther);
  Client client;
  Pace pace{client};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "pace: silence ends a client after the time-out, not at it") {
  const std::uint64_t before = worker::net::EventLoop::now_ms();
  pace.wait(Pace::For::request, limits(lists, timeout, 0));
  timeout.sweep(before + kTimeout);
  CHECK(client.verdicts.empty());
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
}

TEST_CASE_FIXTURE(Fixture, "pace: each wait restarts the silence") {
  const std::uint64_t before = worker::net::EventLoop::now_ms();
  pace.wait(Pace::For::request, limits(lists, timeout, 0));
  while (worker::net::EventLoop::now_ms() == before) {
  }
  pace.wait(Pace::For::request, limits(lists, timeout, 0));
  timeout.sweep(before + kTimeout + 1);
  CHECK(client.verdicts.empty());
  pace.stop();
}

TEST_CASE_FIXTURE(
    Fixture, "pace: while Pound waits for a request, bytes moved without wait() do not count") {
  pace.wait(Pace::For::request, limits(lists, timeout, 0));
  client.moved = 1000;
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
}

TEST_CASE_FIXTURE(Fixture,
                  "pace: a client that takes one byte of its response per time-out is alive") {
  client.moved = -1000;  // 1000 bytes are queued for the client
  pace.wait(Pace::For::response, limits(lists, timeout, 0));
  for (int i = 0; i < 5; ++i) {
    ++client.moved;
    expire(lists, kTimeout);
    CHECK(client.verdicts.empty());
  }
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
}

TEST_CASE_FIXTURE(Fixture, "pace: a client that takes nothing of its response is silent") {
  pace.wait(Pace::For::response, limits(lists, timeout, 0));
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
}

TEST_CASE_FIXTURE(Fixture, "pace: a client that has taken a part may pause twice as long") {
  for (int i = 0; i < 3; ++i) {
    client.moved += 1000;
    pace.wait(Pace::For::response, limits(lists, timeout, 0));
    pace.stop();
    pace.wait(Pace::For::response, limits(lists, timeout, 0));
    expire(lists, kTimeout);
    CHECK(client.verdicts.empty());
  }
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
}

TEST_CASE_FIXTURE(Fixture, "pace: what the client took of an earlier response does not count") {
  client.moved = 1000;
  pace.wait(Pace::For::response, limits(lists, timeout, 0));
  expire(lists, kTimeout);
  CHECK(client.verdicts.empty());
  pace.stop();
  for (const std::int64_t taken : {500, 0}) {
    pace.begin();
    client.moved = taken;
    pace.wait(Pace::For::response, limits(lists, timeout, 0));
    expire(lists, kTimeout);
    CHECK(client.verdicts == (taken > 0 ? "" : "s"));
    pace.stop();
  }
}

TEST_CASE_FIXTURE(Fixture, "pace: stop stops both deadlines") {
  pace.wait(Pace::For::request, limits(lists, timeout, 10));
  pace.stop();
  expire(lists, kTimeout);
  CHECK(client.verdicts.empty());
}

TEST_CASE("pace: the destructor stops both deadlines") {
  DeadlineLists lists;
  Client client;
  {
    Pace pace(client);
    client.pace = &pace;
    pace.wait(Pace::For::request, limits(lists, lists.of(kTimeout), 10));
  }
  expire(lists, kTimeout);
  CHECK(client.verdicts.empty());
}

TEST_CASE_FIXTURE(Fixture, "pace: min_bytes in a span are enough, and one byte less is not") {
  for (const bool is_enough : {true, false}) {
    client.verdicts.clear();
    client.moved = 100;
    pace.wait(Pace::For::request, limits(lists, timeout, 50));
    client.moved += is_enough ? 50 : 49;
    // The silence moves to another list, so that only the span expires.
    pace.wait(Pace::For::request, limits(lists, other, 50));
    expire(lists, kTimeout);
    CHECK(client.verdicts == (is_enough ? "" : "r"));
    pace.stop();
  }
}

TEST_CASE_FIXTURE(Fixture, "pace: each span counts its own bytes") {
  pace.wait(Pace::For::request, limits(lists, timeout, 50));
  client.moved = 1000;
  pace.wait(Pace::For::request, limits(lists, timeout, 50));  // the span goes on
  pace.wait(Pace::For::request, limits(lists, other, 50));
  expire(lists, kTimeout);
  CHECK(client.verdicts.empty());
  client.moved = 1049;
  pace.wait(Pace::For::request, limits(lists, timeout, 50));
  expire(lists, kTimeout);
  CHECK(client.verdicts == "r");
}

TEST_CASE_FIXTURE(Fixture, "pace: a wait within a span does not restart the span") {
  pace.wait(Pace::For::request, limits(lists, timeout, 50));
  client.moved = 49;
  pace.wait(Pace::For::response, limits(lists, other, 50));
  client.moved = 49;
  expire(lists, kTimeout);
  CHECK(client.verdicts == "r");
}

TEST_CASE_FIXTURE(Fixture, "pace: a wait with a span of another length begins a new span") {
  pace.wait(Pace::For::request, limits(lists, timeout, 50));
  client.moved = 1000;
  const PaceLimits longer{timeout, other, 60, 0};
  pace.wait(Pace::For::request, longer);
  client.moved = 1059;
  expire(lists, kOther);
  CHECK(client.verdicts == "r");
}

TEST_CASE_FIXTURE(Fixture, "pace: a wait after stop begins a new span") {
  pace.wait(Pace::For::request, limits(lists, timeout, 50));
  pace.stop();
  client.moved = 1000;
  pace.wait(Pace::For::request, limits(lists, timeout, 50));
  client.moved = 1049;
  pace.wait(Pace::For::request, limits(lists, other, 50));
  expire(lists, kTimeout);
  CHECK(client.verdicts == "r");
}

TEST_CASE_FIXTURE(Fixture, "pace: without a minimum rate there is no span") {
  pace.wait(Pace::For::request, limits(lists, timeout, 0));
  pace.wait(Pace::For::request, limits(lists, other, 0));
  expire(lists, kTimeout);
  CHECK(client.verdicts.empty());
  pace.stop();
}

TEST_CASE_FIXTURE(Fixture, "pace: while others wait, crowded_bytes in a span are enough") {
  for (const bool is_enough : {true, false}) {
    for (const bool wanted : {true, false}) {
      client.verdicts.clear();
      client.wanted = wanted;
      client.moved = 100;
      pace.wait(Pace::For::request, limits(lists, other, 0, 50));
      client.moved += is_enough ? 50 : 49;
      expire(lists, kTimeout);
      CHECK(client.verdicts == (wanted && !is_enough ? "r" : ""));
      pace.stop();
    }
  }
}
