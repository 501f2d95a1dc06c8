// Tests of client/entry: which peers are let in, and which are trusted.
#include "worker/client/entry.h"

#include <doctest/doctest.h>

#include "t/unit/client/harness.h"
#include "worker/net/resolve.h"

using namespace client_test;

namespace {

std::shared_ptr<const worker::net::AddressSet> set_of(std::string_view network,
                                                      worker::net::AddressMark mark) {
  std::string error;
  return std::make_shared<const worker::net::AddressSet>(std::vector{
      worker::net::AddressSet::Entry{conf::parse_network(network, error).value(), mark}});
}

// "192.0.2.7 trusted", "192.0.2.7" or "denied".
std::string entered(ClientWorld& in, const std::string& host) {
  const auto address = worker::net::read_numeric({host, 80, true})->addresses.at(0);
  const auto peer = worker::client::enter(in.context, *in.world.listener, address);
  if (!peer) return "denied";
  return peer->ip + (peer->is_trusted ? " trusted" : "");
}

}  // namespace

TEST_CASE("entry: without rules everybody is let in, and nobody is trusted") {
  ClientWorld in;
  CHECK(entered(in, "192.0.2.7") == "192.0.2.7");
  CHECK(entered(in, "2001:db8::1") == "2001:db8::1");
  CHECK(in.records().empty());
}

TEST_CASE("entry: a trusted proxy") {
  ClientWorld in;
  in.world.listener_heritage.trusted = set_of("192.0.2.7", worker::net::AddressMark::allow);
  CHECK(entered(in, "192.0.2.7") == "192.0.2.7 trusted");
  CHECK(entered(in, "192.0.2.8") == "192.0.2.8");
}

TEST_CASE("entry: a peer that the listener denies leaves a record") {
  ClientWorld in;
  in.world.listener_heritage.clients.set = set_of("192.0.2.7", worker::net::AddressMark::deny);
  CHECK(entered(in, "192.0.2.8") == "192.0.2.8");
  CHECK(in.records().empty());
  CHECK(entered(in, "192.0.2.7") == "denied");
  CHECK(in.records() ==
        std::vector<std::string>{R"("-" 403 - 192.0.2.1:80 - reason=client_denied)"});
}

TEST_CASE("entry: a trusted proxy is let in even where it is denied as a client") {
  ClientWorld in;
  in.world.listener_heritage.trusted = set_of("192.0.2.7", worker::net::AddressMark::allow);
  in.world.listener_heritage.clients.set = set_of("192.0.2.0/24", worker::net::AddressMark::deny);
  CHECK(entered(in, "192.0.2.7") == "192.0.2.7 trusted");
  CHECK(entered(in, "192.0.2.8") == "denied");
}
