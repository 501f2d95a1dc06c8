// Backend connections that belong to one client: fault D1.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

constexpr std::string_view kChallenge =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
constexpr const char* kAnonymous = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
constexpr const char* kCredentials =
    "GET / HTTP/1.1\r\nHost: a.test\r\nAuthorization: NTLM TlRMTVNTUAAB\r\n\r\n";

// Has one request of the client served over the i-th connection of a backend.
void serve(World& world, FakeExchange& client, std::string_view head, std::string_view response,
           std::size_t i = 0, std::size_t backend = 0) {
  client.ended = false;
  const std::size_t before = world.fakes[backend]->received(i).size();
  world.ask(client, head);
  REQUIRE(world.until([&] {
    const std::string_view received = world.fakes[backend]->received(i);
    return received.size() > before && received.ends_with("\r\n\r\n");
  }));
  world.fakes[backend]->sends(response, i);
  REQUIRE(world.until_end(client));
}

}  // namespace

TEST_CASE("transaction pinning: credentials or a challenge tie a connection to its client") {
  World world;
  FakeExchange& alice = world.add_client();
  FakeExchange& bob = world.add_client();
  SUBCASE("credentials") { serve(world, alice, kCredentials, kOk); }
  SUBCASE("a challenge") { serve(world, alice, kAnonymous, kChallenge); }
  CHECK(alice.pinned() != nullptr);
  CHECK(world.backends[0].pool.size() == 0);
  CHECK(world.slots() == "0 0");
  serve(world, bob, kAnonymous, kOk, 1);
  serve(world, alice, kAnonymous, kOk, 0);  // although the pool has another one
  CHECK(world.backends[0].pool.size() == 1);
  CHECK(world.fakes[0]->connections() == 2);
  alice.pinned().reset();  // as the client's connection does when it ends
  CHECK(world.until([&] { return world.fakes[0]->is_closed(0); }));
}

TEST_CASE("transaction pinning: a pooled connection leaves the pool for good") {
  World world;
  FakeExchange& alice = world.add_client();
  serve(world, alice, kAnonymous, kOk);
  CHECK(world.backends[0].pool.size() == 1);
  serve(world, alice, kCredentials, kOk);
  CHECK(world.backends[0].pool.size() == 0);
  CHECK(alice.pinned() != nullptr);
  CHECK(world.fakes[0]->connections() == 1);
}

TEST_CASE("transaction pinning: requests that are not repeatable use it, too, also after a body") {
  World world;
  FakeExchange& alice = world.add_client();
  serve(world, alice, kAnonymous, kChallenge);
  alice.ended = false;
  alice.sends_early = true;
  alice.sends("abc", true);
  world.ask(alice, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nabc"); }));
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end(alice));
  alice.sends_early = false;
  serve(world, alice, kAnonymous, kOk);
  CHECK(world.fakes[0]->connections() == 1);
}

TEST_CASE("transaction pinning: when it has ended, a fresh connection takes its place") {
  World world;
  FakeExchange& alice = world.add_client();
  serve(world, alice, kAnonymous, kChallenge);
  world.fakes[0]->closes();
  SUBCASE("long ago") { world.turn(); }
  SUBCASE("in this turn") {}
  serve(world, alice, kCredentials, kOk, 1);
  CHECK(alice.pinned() != nullptr);
  CHECK(world.fakes[0]->connections() == 2);
}

TEST_CASE("transaction pinning: the balancer chooses the backend of the connection") {
  World world({.backends = {Mode::listening, Mode::listening}});
  FakeExchange& alice = world.add_client();
  alice.ended = false;
  world.get(alice);
  std::size_t chosen = 0;
  REQUIRE(world.until([&] {
    chosen = world.fakes[1]->has_head() ? 1 : 0;
    return world.fakes[chosen]->has_head();
  }));
  world.fakes[chosen]->sends(kChallenge);
  REQUIRE(world.until_end(alice));
  for (int i = 0; i < 20; ++i) serve(world, alice, kAnonymous, kOk, 0, chosen);
  CHECK(world.fakes[0]->connections() + world.fakes[1]->connections() == 1);
  // Unless that backend is dead.
  REQUIRE(
      world.segment.backends().mark_dead(world.heritages[chosen].row, shm::DeadReason::refused, 1));
  serve(world, alice, kAnonymous, kOk, 0, 1 - chosen);
}

TEST_CASE("transaction pinning: an answer before the end of the body ends the connection") {
  World world;
  FakeExchange& alice = world.add_client();
  alice.sends("ab");
  world.ask(alice, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nab"); }));
  world.fakes[0]->sends(kChallenge);
  REQUIRE(world.until_end(alice));
  CHECK(alice.pinned() == nullptr);
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}
