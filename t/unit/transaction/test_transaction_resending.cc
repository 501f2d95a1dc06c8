// Requests whose backend ends the connection without an answer, and that go to another backend.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

// Another client, which holds the slots.
constexpr worker::route::ClientHash kHolder = 7;

constexpr std::size_t kBudget = 1U << 20;

std::string page_size(World& world, int status) {
  return std::to_string(world.pages.body(status).size());
}

Setup two_that_buffer(std::size_t bytes) {
  Setup setup = first_of_two(Mode::listening);
  const auto change = setup.change;
  setup.change = [change, bytes](conf::Config& config) {
    change(config);
    config.listeners[0].buffer = bytes;
  };
  return setup;
}

std::string with_length(const std::string& method, std::size_t length) {
  return method + " /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: " + std::to_string(length) +
         "\r\n\r\n";
}

}  // namespace

TEST_CASE("transaction resending: what may be done twice goes to another backend") {
  World world(first_of_two(Mode::listening));
  world.get();
  REQUIRE(world.until_asked());
  SUBCASE("closed") { world.fakes[0]->closes(); }
  SUBCASE("reset") { world.fakes[0]->resets(); }
  REQUIRE(world.until_asked(1));
  CHECK(world.slots() == "1 0 1");
  CHECK(world.segment.backends().counters(0).failures == 1);
  CHECK(world.is_live(0));
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b2)");
}

TEST_CASE("transaction resending: and only once") {
  World world(first_of_two(Mode::listening));
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->closes();
  REQUIRE(world.until_asked(1));
  world.fakes[1]->closes();
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "answer 502", "end whole"},
            R"("GET / HTTP/1.1" 502 )" + page_size(world, 502) +
                " 192.0.2.1:80/1 b2 reason=backend_closed");
}

TEST_CASE(
    "transaction resending: it does not return to the first one while it waits for the other") {
  World world(first_of_two(Mode::listening));
  REQUIRE(world.backends[1].slots.all.try_enter(kHolder));  // its only slot
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->closes();
  REQUIRE(world.until([&] { return world.backends[1].slots.all.waiting() == 1; }));
  // A request that waits takes the free slot of another backend within this time.
  world.wait_long();
  CHECK(world.slots() == "1 0 1");
  CHECK(world.fakes[0]->connections() == 1);
  world.backends[1].slots.all.leave(kHolder);
  REQUIRE(world.until_asked(1));
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b2)");
}

TEST_CASE("transaction resending: what is not sent to another backend") {
  Setup setup = first_of_two(Mode::listening);
  std::string head = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
  std::string answer;
  bool other_lives = true;
  SUBCASE("a method that is not idempotent") {
    head = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n";
  }
  SUBCASE("a request whose response has begun") { answer = "HTTP/1.1 2"; }
  SUBCASE("a request of a session") {
    const auto change = setup.change;
    setup.change = [change](conf::Config& config) {
      change(config);
      config.listeners[0].services[0].session.type = conf::SessionPolicy::Type::ip;
    };
  }
  SUBCASE("a request whose other backend is dead") { other_lives = false; }
  World world(setup);
  if (!other_lives) world.segment.backends().mark_dead(1, shm::DeadReason::refused, 1);
  world.ask(world.client(), head);
  REQUIRE(world.until_asked());
  if (!answer.empty()) world.fakes[0]->sends(answer);
  world.turn();
  world.fakes[0]->closes();
  REQUIRE(world.until_end());
  CHECK(world.client().calls == Calls{"accept", "answer 502", "end whole"});
  CHECK(world.fakes[1]->connections() == 0);
}

// --- requests with a body

TEST_CASE("transaction resending: a body that was collected whole goes to another backend") {
  World world(two_that_buffer(14));
  FakeExchange& client = world.client();
  std::string head = with_length("PUT", 4);
  std::string body = "abcd";
  SUBCASE("of a length") {}
  SUBCASE("which came with the head") { client.sends_early = true; }
  SUBCASE("in chunks, exactly of Buffer bytes") {
    head = "DELETE /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    body = "4\r\nabcd\r\n0\r\n\r\n";
  }
  client.sends("abcd", true);
  world.ask(client, head);
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\n" + body); }));
  const std::string first(world.fakes[0]->received());
  world.fakes[0]->closes();
  REQUIRE(world.until([&] { return world.fakes[1]->received().ends_with("\r\n\r\n" + body); }));
  CHECK(world.fakes[1]->received() == first);
  CHECK(world.slots() == "1 0 1");
  CHECK(world.budget.left() < kBudget);
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  CHECK(client.calls == Calls{"accept", "head 200 5 [hello] last", "end whole"});
  CHECK(world.slots() == "0 0 0");
  CHECK(world.budget.left() == kBudget);
}

TEST_CASE("transaction resending: a body goes to another backend once") {
  World world(two_that_buffer(4));
  FakeExchange& client = world.client();
  client.sends("abcd", true);
  world.ask(client, with_length("PUT", 4));
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("abcd"); }));
  world.fakes[0]->resets();
  REQUIRE(world.until([&] { return world.fakes[1]->received().ends_with("abcd"); }));
  world.fakes[1]->closes();
  REQUIRE(world.until_end());
  check_end(world, client, {"accept", "answer 502", "end whole"},
            R"("PUT /up HTTP/1.1" 502 )" + page_size(world, 502) +
                " 192.0.2.1:80/1 b2 reason=backend_closed");
  CHECK(world.budget.left() == kBudget);
}

TEST_CASE("transaction resending: a body is kept until the first byte of the response") {
  World world(two_that_buffer(4));
  FakeExchange& client = world.client();
  client.sends("abcd", true);
  world.ask(client, with_length("PUT", 4));
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("abcd"); }));
  CHECK(world.budget.left() == kBudget - 4);
  world.fakes[0]->sends("H");
  REQUIRE(world.until([&] { return world.budget.left() == kBudget; }));
  world.fakes[0]->closes();
  REQUIRE(world.until_end());
  CHECK(client.calls == Calls{"accept", "answer 502", "end whole"});
  CHECK(world.fakes[1]->connections() == 0);
}

TEST_CASE("transaction resending: a body that is not kept") {
  Setup setup = two_that_buffer(4);
  std::string method = "PUT";
  std::string body = "abcd";
  std::size_t taken = 0;
  SUBCASE("of a method that is not idempotent") { method = "POST"; }
  SUBCASE("of one byte more than Buffer") { body = "abcde"; }
  SUBCASE("without memory for it") { taken = kBudget - 3; }
  SUBCASE("of a session") {
    const auto change = setup.change;
    setup.change = [change](conf::Config& config) {
      change(config);
      config.listeners[0].services[0].session.type = conf::SessionPolicy::Type::ip;
    };
  }
  World world(setup);
  REQUIRE(world.budget.take(taken));
  FakeExchange& client = world.client();
  client.sends(body, true);
  world.ask(client, with_length(method, body.size()));
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with(body); }));
  CHECK(world.budget.left() == kBudget - taken);
  world.fakes[0]->closes();
  REQUIRE(world.until_end());
  CHECK(client.calls == Calls{"accept", "answer 502", "end whole"});
  CHECK(world.fakes[1]->connections() == 0);
}

TEST_CASE("transaction resending: the body of a service with one backend is not kept") {
  World world({.change = [](conf::Config& config) { config.listeners[0].buffer = 4; }});
  FakeExchange& client = world.client();
  client.sends("abcd", true);
  world.ask(client, with_length("PUT", 4));
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("abcd"); }));
  CHECK(world.budget.left() == kBudget);
}

TEST_CASE("transaction resending: a kept body whose second backend is found dead") {
  World world(two_that_buffer(4));
  FakeExchange& client = world.client();
  client.sends("abcd", true);
  world.ask(client, with_length("PUT", 4));
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("abcd"); }));
  world.fakes[1]->stops_listening();
  world.fakes[0]->closes();
  REQUIRE(world.until_end());
  CHECK(client.calls == Calls{"accept", "answer 503", "end whole"});
  CHECK(world.budget.left() == kBudget);
  CHECK(world.slots() == "0 0 0");
}
