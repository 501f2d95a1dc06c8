#include <doctest/doctest.h>

#include <string>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

Setup buffering(std::size_t bytes) {
  return {.change = [bytes](conf::Config& config) { config.listeners[0].buffer = bytes; }};
}

std::string post(std::size_t length) {
  return "POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: " + std::to_string(length) +
         "\r\n\r\n";
}

}  // namespace

TEST_CASE("transaction buffering: a body within Buffer is collected before a slot is taken") {
  World world(buffering(4));
  FakeExchange& client = world.client();
  world.ask(client, post(4).c_str());
  client.sends("ab");
  client.transaction.on_client_readable();
  CHECK(world.slots() == "0 0");
  CHECK(world.budget.left() == (1U << 20) - 4);
  client.sends("cd", true);
  client.transaction.on_client_readable();
  CHECK(world.slots() == "1 1");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nabcd"); }));
  CHECK(world.budget.left() == 1U << 20);
}

TEST_CASE("transaction buffering: a body of one byte more than Buffer streams behind it") {
  World world(buffering(4));
  FakeExchange& client = world.client();
  world.ask(client, post(5).c_str());
  client.sends("abcd");
  client.transaction.on_client_readable();
  CHECK(world.slots() == "1 1");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nabcd"); }));
}

TEST_CASE("transaction buffering: without memory left a body streams at once") {
  World world(buffering(4));
  REQUIRE(world.budget.take((1U << 20) - 3));
  FakeExchange& client = world.client();
  world.ask(client, post(4).c_str());
  CHECK(world.slots() == "1 1");
  CHECK(world.budget.left() == 3);
}

TEST_CASE("transaction buffering: a client that leaves while its body is collected") {
  World world(buffering(4));
  FakeExchange& client = world.client();
  world.ask(client, post(4).c_str());
  client.sends(worker::transaction::BodyPart::Status::gone);
  client.transaction.on_client_readable();
  check_end(world, client, {"accept", "end cut off"},
            R"("POST /up HTTP/1.1" 499 - 192.0.2.1:80/1 - reason=client_closed)");
  CHECK(world.budget.left() == 1U << 20);
}

TEST_CASE("transaction buffering: a client that stops while its body is collected gets 408") {
  World world(buffering(4));
  FakeExchange& client = world.client();
  world.ask(client, post(4).c_str());
  client.sends("ab");
  client.transaction.on_client_readable();
  world.expire(kClientMs);
  check_end(world, client, {"accept", "answer 408", "end whole"},
            R"("POST /up HTTP/1.1" 408 )" + std::to_string(world.pages.body(408).size()) +
                " 192.0.2.1:80/1 - reason=client_timeout");
  CHECK(world.budget.left() == 1U << 20);
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE("transaction buffering: a large Buffer is filled in reads of the worker's buffer") {
  constexpr std::size_t kLength = 600'000;
  World world(buffering(1U << 20));
  FakeExchange& client = world.client();
  client.room = 2;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLength) +
                        "\r\n\r\n0123456789");
  REQUIRE(world.until([&] { return client.body == "0123456789"; }));
  std::string rest(kLength - 10, 'x');
  while (!rest.empty()) {
    const std::size_t sent = world.fakes[0]->sends_some(rest);
    if (sent == 0) world.turn(1);
    rest.erase(0, sent);
  }
  REQUIRE(world.until([&] { return client.body.size() == kLength; }));
  // All of it is here, so the backend is free, although the client has taken two bytes.
  CHECK(world.slots() == "0 0");
  CHECK(!client.ended);
  for (const std::string& call : client.calls) {
    CAPTURE(call);
    if (call.find(" bytes") == std::string::npos) continue;
    CHECK(std::stoul(call.substr(5)) <= worker::net::kReadBufferSize);
  }
  client.room = UINT64_MAX;
  client.transaction.on_client_writable();
  CHECK(client.ended);
  CHECK(client.body == "0123456789" + std::string(kLength - 10, 'x'));
}

TEST_CASE(
    "transaction buffering: a turn takes eight parts of a body and comes again for the rest") {
  World world(buffering(100));
  FakeExchange& client = world.client();
  world.ask(client, post(9).c_str());
  for (int i = 1; i <= 9; ++i) client.sends(std::to_string(i), i == 9);
  client.transaction.on_client_readable();
  CHECK(client.wants_to_read_later);
  CHECK_FALSE(client.body_is_whole());
  CHECK(world.slots() == "0 0");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\n123456789"); }));
}

TEST_CASE("transaction buffering: nothing beyond Buffer is read before the backend is there") {
  World world({.backends = {Mode::deaf}, .change = buffering(4).change});
  FakeExchange& client = world.client();
  client.sends_early = true;
  SUBCASE("Buffer is full") { client.sends("abcd"); }
  SUBCASE("more than Buffer came with the head") { client.sends("abcdef"); }
  client.sends("gh", true);
  world.ask(client, "POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(world.slots() == "1 1");
  CHECK_FALSE(client.wants_to_read_later);
  CHECK_FALSE(client.body_is_whole());
}

TEST_CASE("transaction buffering: a client that waits for 100 Continue is not waited for") {
  World world(buffering(100));
  FakeExchange& client = world.client();
  world.ask(client,
            "POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n"
            "Expect: 100-continue\r\n\r\n");
  REQUIRE(world.until_asked());
  CHECK(world.slots() == "1 1");
  CHECK(world.budget.left() == 1U << 20);
}
