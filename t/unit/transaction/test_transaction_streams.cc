// Event streams, which hold no slot.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

constexpr const char* kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

}  // namespace

TEST_CASE("transaction streams: an event stream gives its slots back when it begins") {
  World world;
  FakeExchange& client = world.client();
  world.get();
  REQUIRE(world.until_asked());
  CHECK(world.slots() == "1 1");
  world.fakes[0]->sends(std::string(kHead) + "\r\ndata: 1\n\n");
  REQUIRE(world.until([&] { return client.body == "data: 1\n\n"; }));
  CHECK(world.slots() == "0 0");
  CHECK(client.expects_silence);
  world.expire(kTimeOutMs);
  world.expire(kClientMs);
  CHECK(!client.ended);
  world.fakes[0]->sends("data: 2\n\n");
  REQUIRE(world.until([&] { return client.body == "data: 1\n\ndata: 2\n\n"; }));
  world.fakes[0]->closes();
  REQUIRE(world.until_end());
  check_end(world, client,
            {"accept", "head 200 until close [data: 1\n\n]", "body [data: 2\n\n]", "body last",
             "end whole"},
            R"("GET / HTTP/1.1" 200 18 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction streams: silence in an event stream truncates it") {
  World world;
  FakeExchange& client = world.client();
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(std::string(kHead) + "\r\ndata: 1\n\n");
  REQUIRE(world.until([&] { return !client.body.empty(); }));
  world.expire(kTunnelMs);
  check_end(world, client, {"accept", "head 200 until close [data: 1\n\n]", "end truncated"},
            R"("GET / HTTP/1.1" 200 9 192.0.2.1:80/1 b1 reason=stream_timeout)");
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}

TEST_CASE("transaction streams: a slow client still gets the end of a stream that is over") {
  World world;
  FakeExchange& client = world.client();
  client.room = 4;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(std::string(kHead) + "Content-Length: 9\r\n\r\ndata: 1\n\n");
  REQUIRE(world.until([&] { return client.body == "data: 1\n\n"; }));
  CHECK(!client.ended);
  SUBCASE("it takes the rest") {
    client.room = UINT64_MAX;
    client.transaction.on_client_writable();
    check_end(world, client, {"accept", "head 200 9 [data: 1\n\n] last", "end whole"},
              R"("GET / HTTP/1.1" 200 9 192.0.2.1:80/1 b1)");
  }
  SUBCASE("it takes nothing more, as of any other response") {
    world.expire(kClientMs);  // it has taken something before, so it may pause twice as long
    CHECK(!client.ended);
    world.expire(kClientMs);
    check_end(world, client, {"accept", "head 200 9 [data: 1\n\n] last", "end cut off"},
              R"("GET / HTTP/1.1" 200 9 192.0.2.1:80/1 b1 reason=client_timeout)");
  }
}

TEST_CASE("transaction streams: MaxStreams streams, and 503 for one more") {
  World world({.change = [](conf::Config& config) { config.listeners[0].max_streams = 1; }});
  world.segment.listeners().stream_gate(world.listener_heritage.row).set_limit(1);
  FakeExchange& other = world.add_client();
  world.get(other);
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(std::string(kHead) + "\r\n");
  REQUIRE(world.until([&] { return other.calls.size() == 2; }));
  for (const bool is_over : {false, true}) {
    CAPTURE(is_over);
    FakeExchange& client = world.add_client();
    world.get(client);
    const std::size_t connection = is_over ? 2 : 1;
    REQUIRE(world.until_asked(0, connection));
    world.fakes[0]->sends(std::string(kHead) + "\r\n", connection);
    if (!is_over) {
      REQUIRE(world.until_end(client));
      check_end(world, client, {"accept", "answer 503 Retry-After: 1", "end whole"},
                R"("GET / HTTP/1.1" 503 )" + std::to_string(world.pages.body(503).size()) +
                    " 192.0.2.1:80/1 b1 reason=streams_full");
      CHECK(world.lines() ==
            std::vector<std::string>{"listener 192.0.2.1:80: MaxStreams is reached: 1 tunnels and "
                                     "event streams are open; others get 503"});
      world.fakes[0]->closes(0);
      REQUIRE(world.until_end(other));
    } else {
      REQUIRE(world.until([&] { return client.calls.size() == 2; }));
      CHECK(client.calls[1] == "head 200 until close");
    }
  }
}
