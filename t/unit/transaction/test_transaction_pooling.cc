// Idle connections to a backend.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

constexpr const char* kServed = R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)";

// Has one GET served; its response comes over the i-th connection.
void serve(World& world, std::string_view response = kOk, std::size_t i = 0) {
  FakeExchange& client = world.add_client();
  const std::size_t before = world.fakes[0]->received(i).size();
  world.get(client);
  REQUIRE(world.until([&] {
    const std::string_view received = world.fakes[0]->received(i);
    return received.size() > before && received.ends_with("\r\n\r\n");
  }));
  world.fakes[0]->sends(response, i);
  REQUIRE(world.until_end(client));
  CHECK(world.records() == std::vector<std::string>{kServed});
}

}  // namespace

TEST_CASE("transaction pooling: the next request uses the same connection") {
  World world;
  for (int i = 0; i < 3; ++i) {
    serve(world);
    CHECK(world.backends[0].pool.size() == 1);
  }
  CHECK(world.fakes[0]->connections() == 1);
  CHECK(world.slots() == "0 0");
}

TEST_CASE("transaction pooling: a connection that is not reusable is closed") {
  std::string response(kOk);
  SUBCASE("the backend says so") {
    response = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
  }
  SUBCASE("the backend speaks HTTP/1.0") {
    response = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  }
  SUBCASE("there are bytes behind the response") { response += "H"; }
  World world;
  serve(world, response);
  CHECK(world.backends[0].pool.size() == 0);
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
  serve(world, kOk, 1);
}

TEST_CASE("transaction pooling: an idle connection that the backend closes leaves the pool") {
  World world;
  serve(world);
  CHECK(world.backends[0].pool.size() == 1);
  world.fakes[0]->closes();
  CHECK(world.until([&] { return world.backends[0].pool.size() == 0; }));
  serve(world, kOk, 1);
}

TEST_CASE("transaction pooling: a request on a stale connection is sent again on a fresh one") {
  World world;
  serve(world);
  SUBCASE("closed") { world.fakes[0]->closes(); }
  SUBCASE("reset") { world.fakes[0]->resets(); }
  serve(world, kOk, 1);  // the loop has not reported the end yet
  CHECK(world.fakes[0]->received(1).starts_with("GET / HTTP/1.1\r\n"));
  CHECK(world.fakes[0]->connections() == 2);
  CHECK(world.is_live(0));
  CHECK(world.segment.backends().counters(0).failures == 0);
  CHECK(world.slots() == "0 0");
}

TEST_CASE("transaction pooling: a request that fails on the fresh connection is not sent again") {
  World world;
  serve(world);
  world.fakes[0]->closes();
  FakeExchange& client = world.add_client();
  world.get(client);
  REQUIRE(world.until_asked(0, 1));
  world.fakes[0]->closes(1);
  REQUIRE(world.until_end(client));
  check_end(world, client, {"accept", "answer 502", "end whole"},
            R"("GET / HTTP/1.1" 502 )" + std::to_string(world.pages.body(502).size()) +
                " 192.0.2.1:80/1 b1 reason=backend_closed");
  world.turn();
  CHECK(world.fakes[0]->connections() == 2);
}

TEST_CASE(
    "transaction pooling: a request is not sent again after the backend has answered a byte") {
  World world;
  serve(world);
  FakeExchange& client = world.add_client();
  const std::size_t before = world.fakes[0]->received().size();
  world.get(client);
  REQUIRE(world.until([&] { return world.fakes[0]->received().size() > before; }));
  world.fakes[0]->sends("HTTP/1.1 2");
  world.fakes[0]->closes();
  REQUIRE(world.until_end(client));
  check_end(world, client, {"accept", "answer 502", "end whole"},
            R"("GET / HTTP/1.1" 502 )" + std::to_string(world.pages.body(502).size()) +
                " 192.0.2.1:80/1 b1 reason=backend_closed");
  CHECK(world.fakes[0]->connections() == 1);
}

TEST_CASE("transaction pooling: a request that is not repeatable uses a fresh connection") {
  World world;
  serve(world);
  FakeExchange& client = world.add_client();
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(world.until_asked(0, 1));
  world.fakes[0]->sends(kOk, 1);
  REQUIRE(world.until_end(client));
  check_end(world, client, {"accept", "head 200 5 [hello] last", "end whole"},
            R"("POST / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
  // The request had no body, so its connection is reusable.
  CHECK(world.backends[0].pool.size() == 2);
}

TEST_CASE("transaction pooling: a connection that has carried a body is not used again") {
  World world;
  FakeExchange& client = world.client();
  client.sends_early = true;
  client.sends("abc", true);
  world.ask(client, "PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\n");
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  CHECK(world.backends[0].pool.size() == 0);
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}
