#include <doctest/doctest.h>

#include <string>

#include "t/unit/net/await.h"
#include "worker/transaction/pace.h"

namespace {

using net_test::expire;
using worker::net::DeadlineList;
using worker::net::DeadlineLists;
using worker::transaction::Pace;

constexpr std::uint64_t kTimeout = 5000;
constexpr std::uint64_t kOther = 7000;

// A client that moves what it is told to, and what became of it: 's' silent, 'r' too slow a rate.
struct Client final : worker::transaction::PaceUser {
  std::int64_t client_moved() const override { return moved; }
  void on_client_silent() override {
    verdicts += 's';
    pace->stop();
  }
  void on_client_too_slow() override {
    verdicts += 'r';
    pace->stop();
  }
  std::int64_t moved = 0;
  std::string verdicts;
  Pace* pace = nullptr;
};

struct Fixture {
  Fixture() { client.pace = &pace; }
  DeadlineLists lists;
  DeadlineList& timeout = lists.of(kTimeout);
  DeadlineList& other = lists.of(kOther);
  Client client;
  Pace pace{client};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "pace: silence for the whole time ends a client, and a tick less does not") {
  const std::uint64_t before = worker::net::EventLoop::now_ms();
  pace.wait(Pace::For::request, timeout, 0);
  timeout.sweep(before + kTimeout);
  CHECK(client.verdicts.empty());
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
}

TEST_CASE_FIXTURE(Fixture, "pace: each wait begins the silence anew") {
  const std::uint64_t before = worker::net::EventLoop::now_ms();
  pace.wait(Pace::For::request, timeout, 0);
  while (worker::net::EventLoop::now_ms() == before) {
  }
  pace.wait(Pace::For::request, timeout, 0);
  timeout.sweep(before + kTimeout + 1);
  CHECK(client.verdicts.empty());
  pace.stop();
}

TEST_CASE_FIXTURE(Fixture, "pace: of a request only what was told counts, however much was moved") {
  pace.wait(Pace::For::request, timeout, 0);
  client.moved = 1000;  // the caller would have called wait() for it
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
}

TEST_CASE_FIXTURE(Fixture, "pace: a client that takes a byte of its response in time is alive") {
  client.moved = -1000;  // that much is queued for it
  pace.wait(Pace::For::response, timeout, 0);
  for (int i = 0; i < 5; ++i) {
    ++client.moved;
    expire(lists, kTimeout);
    CHECK(client.verdicts.empty());
  }
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
}

TEST_CASE_FIXTURE(Fixture, "pace: a response of which nothing was taken ends the client") {
  client.moved = 500;
  pace.wait(Pace::For::response, timeout, 0);
  expire(lists, kTimeout);
  CHECK(client.verdicts == "s");
}

TEST_CASE_FIXTURE(Fixture, "pace: after stop no time ends anything") {
  pace.wait(Pace::For::request, timeout, 10);
  pace.stop();
  expire(lists, kTimeout);
  CHECK(client.verdicts.empty());
}

TEST_CASE("pace: one that is gone has no deadlines") {
  DeadlineLists lists;
  Client client;
  {
    Pace pace(client);
    client.pace = &pace;
    pace.wait(Pace::For::request, lists.of(kTimeout), 10);
  }
  expire(lists, kTimeout);
  CHECK(client.verdicts.empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "pace: the least number of bytes in a span will do, and one less will not") {
  for (const bool is_enough : {true, false}) {
    client.verdicts.clear();
    client.moved = 100;
    pace.wait(Pace::For::request, timeout, 50);
    client.moved += is_enough ? 50 : 49;
    // The silence has a list of its own from here on, so that the span alone is judged.
    pace.wait(Pace::For::request, other, 50);
    expire(lists, kTimeout);
    CHECK(client.verdicts == (is_enough ? "" : "r"));
    pace.stop();
  }
}

TEST_CASE_FIXTURE(Fixture, "pace: each span counts its own bytes only") {
  pace.wait(Pace::For::request, timeout, 50);
  client.moved = 1000;
  pace.wait(Pace::For::request, timeout, 50);  // the span goes on
  pace.wait(Pace::For::request, other, 50);
  expire(lists, kTimeout);
  CHECK(client.verdicts.empty());
  // The next span lasts as long as the silence that is allowed now.
  client.moved = 1049;
  pace.wait(Pace::For::request, timeout, 50);
  expire(lists, kOther);
  CHECK(client.verdicts == "r");
}

TEST_CASE_FIXTURE(Fixture, "pace: a wait within a span does not begin it anew") {
  pace.wait(Pace::For::request, timeout, 50);
  client.moved = 49;
  pace.wait(Pace::For::response, other, 50);
  client.moved = 49;
  expire(lists, kTimeout);
  CHECK(client.verdicts == "r");
}

TEST_CASE_FIXTURE(Fixture, "pace: after stop a wait begins a span of its own") {
  pace.wait(Pace::For::request, timeout, 50);
  pace.stop();
  client.moved = 1000;
  pace.wait(Pace::For::request, timeout, 50);
  client.moved = 1049;
  pace.wait(Pace::For::request, other, 50);
  expire(lists, kTimeout);
  CHECK(client.verdicts == "r");
}

TEST_CASE_FIXTURE(Fixture, "pace: without a rate no span is measured") {
  pace.wait(Pace::For::request, timeout, 0);
  pace.wait(Pace::For::request, other, 0);
  expire(lists, kTimeout);
  CHECK(client.verdicts.empty());
  pace.stop();
}
