// Tests of transaction/access: who the client is, and whether it may come in.
#include <doctest/doctest.h>

#include <algorithm>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

std::shared_ptr<const worker::net::AddressSet> set_of(
    std::initializer_list<std::string_view> networks, worker::net::AddressMark mark) {
  std::vector<worker::net::AddressSet::Entry> entries;
  for (const std::string_view text : networks) {
    std::string error;
    entries.push_back({conf::parse_network(text, error).value(), mark});
  }
  return std::make_shared<const worker::net::AddressSet>(entries);
}

worker::route::ClientRules deny(std::initializer_list<std::string_view> networks) {
  return {set_of(networks, worker::net::AddressMark::deny), false};
}

void trust_the_peer(World& world) {
  world.listener_heritage.trusted = set_of({"192.0.2.7"}, worker::net::AddressMark::allow);
}

std::string get_for(std::string_view client) {
  return "GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: " + std::string(client) +
         "\r\nX-Real-IP: 1\r\n\r\n";
}

// The line of the log that is the record of another client than the peer.
bool has_record(World& world, std::string_view client, std::string_view end) {
  for (const std::string& line : world.lines()) {
    if (line.starts_with(std::string(client) + " - - [") && line.ends_with(end)) return true;
  }
  return false;
}

bool is_refused(World& world, const std::string& answer) {
  REQUIRE(world.until_end());
  const std::vector<std::string>& calls = world.client().calls;
  return std::any_of(calls.begin(), calls.end(),
                     [&](const std::string& call) { return call.starts_with(answer); });
}

}  // namespace

TEST_CASE("access: the client that a trusted peer names is in the record and at the backend") {
  World world;
  trust_the_peer(world);
  world.ask(world.client(), get_for("203.0.113.9"));
  REQUIRE(world.until_asked());
  const std::string_view head = world.fakes[0]->received();
  CHECK(head.find("X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n") != head.npos);
  CHECK(head.find("X-Real-IP: 203.0.113.9\r\n") != head.npos);
}

TEST_CASE("access: a peer that is not trusted speaks for itself") {
  World world;
  world.ask(world.client(), get_for("203.0.113.9"));
  REQUIRE(world.until_asked());
  const std::string_view head = world.fakes[0]->received();
  CHECK(head.find("X-Forwarded-For: 192.0.2.7\r\n") != head.npos);
  CHECK(head.find("X-Real-IP: 192.0.2.7\r\n") != head.npos);
}

TEST_CASE("access: the listener refuses a client that a trusted peer names") {
  World world;
  trust_the_peer(world);
  world.listener_heritage.clients = deny({"203.0.113.0/24"});
  world.ask(world.client(), get_for("203.0.113.9"));
  CHECK(is_refused(world, "answer 403"));
  CHECK(has_record(world, "203.0.113.9", " reason=client_denied"));
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE("access: the listener has judged a peer that is not trusted when it connected") {
  World world;
  world.listener_heritage.clients = deny({"192.0.2.7"});
  world.ask(world.client(), get_for("203.0.113.9"));
  REQUIRE(world.until_asked());
}

TEST_CASE("access: a trusted peer that names nobody is a client") {
  World world;
  trust_the_peer(world);
  world.listener_heritage.clients = deny({"192.0.2.7"});
  world.get();
  CHECK(is_refused(world, "answer 403"));
}

TEST_CASE("access: a service refuses a client") {
  World world;
  world.listener->services[0].clients = deny({"192.0.2.0/24"});
  world.get();
  check_end(world, world.client(), {"accept", "answer 403", "end whole"},
            R"("GET / HTTP/1.1" 403 )" + std::to_string(world.pages.body(403).size()) +
                " 192.0.2.1:80/1 - reason=client_denied");
}

TEST_CASE("access: a refused head has its client in the record, if all of it was read") {
  World world;
  trust_the_peer(world);
  world.ask(world.client(),
            "GET / HTTP/1.1\r\nHost : a\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n\r\n");
  CHECK(is_refused(world, "answer 400"));
  CHECK(has_record(world, "203.0.113.9", " reason=space_before_colon"));
}

TEST_CASE("access: a head that was not read to its end is that of the peer") {
  World world;
  trust_the_peer(world);
  world.ask(world.client(), "GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9\nHost: a\r\n\r\n");
  CHECK(is_refused(world, "answer 400"));
  CHECK(world.records().size() == 1);
}
