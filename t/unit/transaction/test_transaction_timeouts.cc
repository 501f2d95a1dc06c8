// Time-outs of backends and clients.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;
using worker::net::EventLoop;

namespace {

std::string page_size(World& world, int status) {
  return std::to_string(world.pages.body(status).size());
}

}  // namespace

TEST_CASE("transaction timeouts: fault A1: a backend that is silent for TimeOut is probed") {
  World world;
  const std::uint64_t before = EventLoop::now_ms();
  world.get();
  REQUIRE(world.until_asked());
  world.deadlines.of(kTimeOutMs).sweep(before + kTimeOutMs);
  CHECK(!world.client().ended);
  std::vector<std::string> lines{
      "backend b1 (127.0.0.1:PORT) may be dead: no response in time; "
      "probing it"};
  SUBCASE("it accepts connections") {
    lines.emplace_back("backend b1 (127.0.0.1:PORT) accepts connections, so it stays in use");
  }
  SUBCASE("it refuses connections") {
    world.fakes[0]->refuses();
    lines.emplace_back("backend b1 (127.0.0.1:PORT) is dead: Connection refused");
  }
  world.expire(kTimeOutMs);
  check_end(world, world.client(), {"accept", "answer 504", "end whole"},
            R"("GET / HTTP/1.1" 504 )" + page_size(world, 504) +
                " 192.0.2.1:80/1 b1 reason=backend_timeout");
  std::vector<std::string> said;
  CHECK(world.until([&] {
    for (std::string& line : world.lines()) said.push_back(std::move(line));
    return said.size() >= lines.size();
  }));
  CHECK(said == lines);
  CHECK(world.is_live(0) == lines.back().ends_with("stays in use"));
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}

TEST_CASE("transaction timeouts: one slow page does not make a backend dead that answers others") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  FakeExchange& other = world.add_client();
  world.get(other);
  REQUIRE(world.until_asked(0, 1));
  world.fakes[0]->sends(kOk, 1);
  REQUIRE(world.until_end(other));
  world.records();
  world.expire(kTimeOutMs);
  check_end(world, world.client(), {"accept", "answer 504", "end whole"},
            R"("GET / HTTP/1.1" 504 )" + page_size(world, 504) +
                " 192.0.2.1:80/1 b1 reason=backend_timeout");
  CHECK(world.is_live(0));
}

TEST_CASE("transaction timeouts: fault A1: a backend was heard, to within kHeardStepMs, or not") {
  // The time of the last byte is exact to a step, so a byte of that step before the request counts.
  for (const std::uint64_t later : {shm::kHeardStepMs, shm::kHeardStepMs + 1}) {
    CAPTURE(later);
    World world;
    world.get();
    REQUIRE(world.until_asked());
    const std::size_t head = world.fakes[0]->received().size();
    for (std::size_t sent = 2;; ++sent) {
      world.fakes[0]->sends(kOk);
      REQUIRE(world.until([&] { return world.backends[0].pool.size() == 1; }));
      shm::BackendTable& table = world.segment.backends();
      const std::uint64_t due = table.last_heard_ms(0) + shm::kHeardStepMs + later;
      while (EventLoop::now_ms() < due) continue;
      const std::uint64_t now = EventLoop::now_ms();
      table.note_heard(0, now - later);
      world.get(world.add_client());
      if (EventLoop::now_ms() == now) break;  // else it went out later than that: once more
      REQUIRE(world.until([&] { return world.fakes[0]->received().size() == sent * head; }));
    }
    CHECK(world.lines().empty());
    world.expire(kTimeOutMs);
    const bool is_suspected = later > shm::kHeardStepMs;
    CHECK(world.lines().size() == (is_suspected ? 1 : 0));
  }
}

TEST_CASE("transaction timeouts: a backend that begins its response and then stays silent") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  SUBCASE("in the body") {
    world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    REQUIRE(world.until([&] { return world.client().body == "he"; }));
    world.expire(kTimeOutMs);
    check_end(world, world.client(), {"accept", "head 200 5 [he]", "end truncated"},
              R"("GET / HTTP/1.1" 200 2 192.0.2.1:80/1 b1 reason=backend_timeout)");
  }
  SUBCASE("in the head") {
    world.fakes[0]->sends("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 O");
    REQUIRE(world.until([&] { return world.client().calls.size() == 2; }));
    world.expire(kTimeOutMs);
    check_end(world, world.client(), {"accept", "interim 103", "answer 504", "end whole"},
              R"("GET / HTTP/1.1" 504 )" + page_size(world, 504) +
                  " 192.0.2.1:80/1 b1 reason=backend_timeout");
  }
  CHECK(world.is_live(0));
}

TEST_CASE("transaction timeouts: each read from a backend restarts its time-out") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  const std::uint64_t asked = EventLoop::now_ms();
  world.until([&] { return EventLoop::now_ms() > asked; });
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
  REQUIRE(world.until([&] { return world.client().body == "he"; }));
  world.deadlines.of(kTimeOutMs).sweep(asked + kTimeOutMs + 1);
  CHECK(!world.client().ended);
  world.expire(kTimeOutMs);
  CHECK(world.client().ended);
}

TEST_CASE("transaction timeouts: fault C5: a response head has TimeOut as a whole") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  const std::uint64_t asked = EventLoop::now_ms();
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nA");
  REQUIRE(world.until([&] { return world.segment.backends().last_heard_ms(0) != 0; }));
  world.until([&] { return EventLoop::now_ms() > asked; });
  SUBCASE("its bytes do not restart the time") {
    world.fakes[0]->sends("AA");
    world.turn();
    world.deadlines.of(kTimeOutMs).sweep(asked + kTimeOutMs + 1);
    check_end(world, world.client(), {"accept", "answer 504", "end whole"},
              R"("GET / HTTP/1.1" 504 )" + page_size(world, 504) +
                  " 192.0.2.1:80/1 b1 reason=backend_timeout");
  }
  SUBCASE("its end does") {
    world.fakes[0]->sends(": b\r\nContent-Length: 5\r\n\r\nhe");
    REQUIRE(world.until([&] { return world.client().body == "he"; }));
    world.deadlines.of(kTimeOutMs).sweep(asked + kTimeOutMs + 1);
    CHECK(!world.client().ended);
  }
  CHECK(world.is_live(0));
}

TEST_CASE("transaction timeouts: a client that stops sending its body") {
  World world;
  FakeExchange& client = world.client();
  client.sends("ab");
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nab"); }));
  world.expire(kTimeOutMs);  // Pound does not wait for the backend
  CHECK(!client.ended);
  world.expire(kClientMs);
  check_end(world, client, {"accept", "answer 408", "end whole"},
            R"("POST / HTTP/1.1" 408 )" + page_size(world, 408) +
                " 192.0.2.1:80/1 b1 reason=client_timeout");
  CHECK(world.is_live(0));
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}

TEST_CASE("transaction timeouts: after the body Pound waits for the backend, not for the client") {
  World world;
  FakeExchange& client = world.client();
  client.sends("ab", true);
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nab"); }));
  world.expire(kClientMs);
  CHECK(!client.ended);
  world.expire(kTimeOutMs);
  check_end(world, client, {"accept", "answer 504", "end whole"},
            R"("POST / HTTP/1.1" 504 )" + page_size(world, 504) +
                " 192.0.2.1:80/1 b1 reason=backend_timeout");
}

TEST_CASE("transaction timeouts: a client that takes nothing of its response") {
  World world;
  FakeExchange& client = world.client();
  client.room = 2;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhello");
  REQUIRE(world.until([&] { return client.body == "hello"; }));
  client.unacknowledged = 100;
  world.expire(kTimeOutMs);  // the backend is not to blame
  CHECK(!client.ended);
  // More bytes are queued than when the wait began, so the client took none.
  world.expire(kClientMs);
  check_end(world, client, {"accept", "head 200 8 [hello]", "end cut off"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1 reason=client_timeout)");
}

TEST_CASE("transaction timeouts: a client that takes a little of its response is alive") {
  World world;
  FakeExchange& client = world.client();
  client.room = 2;
  client.unacknowledged = 3;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until([&] { return client.body == "hello"; }));
  while (client.unacknowledged != 0) {
    --client.unacknowledged;
    world.expire(kClientMs);
    CHECK(!client.ended);
  }
  world.expire(kClientMs);
  check_end(world, client, {"accept", "head 200 5 [hello] last", "end cut off"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1 reason=client_timeout)");
}

TEST_CASE("transaction timeouts: MinRate at the limit and one byte below") {
  for (const bool is_enough : {false, true}) {
    World world({.change = [](conf::Config& config) { config.listeners[0].limits.min_rate = 10; }});
    FakeExchange& client = world.client();
    world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\n");
    REQUIRE(world.until_asked());
    const std::uint64_t asked = EventLoop::now_ms();
    world.until([&] { return EventLoop::now_ms() > asked; });
    // Within the first span. This restarts the silence.
    client.sends(std::string(is_enough ? 50 : 49, 'x'));
    client.transaction.on_client_readable();
    world.deadlines.of(kClientMs).sweep(asked + kClientMs + 1);
    CHECK(client.ended == !is_enough);
    if (is_enough) {
      world.expire(kClientMs);
      CHECK(client.calls == Calls{"accept", "answer 408", "end whole"});
    } else {
      check_end(world, client, {"accept", "answer 408", "end whole"},
                R"("POST / HTTP/1.1" 408 )" + page_size(world, 408) +
                    " 192.0.2.1:80/1 b1 reason=client_too_slow");
    }
  }
}

TEST_CASE("transaction timeouts: half of the slots may belong to slow readers while others wait") {
  World world({.change = [](conf::Config& config) { config.backends[0].threads = 2; }});
  FakeExchange& first = world.client();
  FakeExchange& second = world.add_client();
  FakeExchange& third = world.add_client();
  std::size_t connection = 0;
  for (FakeExchange* const reader : {&first, &second}) {
    reader->room = 0;
    world.get(*reader);
    REQUIRE(world.until_asked(0, connection));
    world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", connection++);
    REQUIRE(world.until([&] { return reader->body == "hello"; }));
  }
  const std::uint64_t span_ms = 1'000;
  world.expire(span_ms);
  CHECK(!second.ended);  // nobody waits
  world.get(third);
  CHECK(world.slots() == "3 2");
  world.expire(span_ms);
  CHECK(!first.ended);
  CHECK(second.calls == Calls{"accept", "head 200 9 [hello]", "end cut off"});
  CHECK(world.records() ==
        std::vector<std::string>{
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1 reason=client_too_slow)"});
  CHECK(world.until_asked(0, 2));
}
