// Limits on connections: who is let in, and when a connection stops counting.
#include "worker/client/entry.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "t/unit/client/harness.h"
#include "worker/net/resolve.h"

using namespace client_test;
using worker::net::AddressMark;
using worker::net::AddressSet;
using Counted = std::unique_ptr<worker::route::CountedConnection>;

namespace {

const worker::client::Peer kPeer{.ip = "192.0.2.7"};

Setup with_limits(const std::vector<conf::ClientLimit>& limits) {
  return {.change = [limits](conf::Config& config) { config.listeners[0].client_limits = limits; }};
}

conf::ClientLimit limit(unsigned connections) {
  conf::ClientLimit made;
  made.connections = connections;
  return made;
}

bool admit(ClientWorld& in, const std::string& ip, Counted& counted) {
  const auto address = worker::net::read_numeric({ip, 80, true})->addresses.at(0);
  auto peer = worker::client::enter(in.context, *in.world.listener, address);
  if (peer) counted = std::move(peer->counted);
  return peer.has_value();
}

worker::client::Peer peer_with(Counted counted) {
  return {.ip = "192.0.2.7", .is_trusted = false, .counted = std::move(counted)};
}

}  // namespace

TEST_CASE("connection_limit: without a limit nothing is counted") {
  ClientWorld in;
  Counted counted;
  CHECK(admit(in, "192.0.2.7", counted));
  CHECK(!counted);
  ClientWorld rates(with_limits({conf::ClientLimit{}}));
  CHECK(admit(rates, "192.0.2.7", counted));
  CHECK(!counted);
}

TEST_CASE("connection_limit: one connection more than the limit leaves a record") {
  ClientWorld in(with_limits({limit(2)}));
  Counted counted[3];
  CHECK(admit(in, "192.0.2.7", counted[0]));
  CHECK(admit(in, "192.0.2.7", counted[1]));
  CHECK(in.records().empty());
  CHECK(!admit(in, "192.0.2.7", counted[2]));
  CHECK(!counted[2]);
  CHECK(in.records() == Calls{R"("-" 429 - 192.0.2.1:80 - reason=connection_limit)"});
  counted[0].reset();
  CHECK(admit(in, "192.0.2.7", counted[2]));
}

TEST_CASE("connection_limit: a connection that one limit refuses counts at none") {
  conf::ClientLimit network = limit(1);
  network.mask4 = 24;
  ClientWorld in(with_limits({limit(2), network}));
  Counted first, second;
  CHECK(admit(in, "192.0.2.7", first));
  for (unsigned i = 0; i < 5; ++i) CHECK(!admit(in, "192.0.2.8", second));
  first.reset();
  CHECK(admit(in, "192.0.2.8", second));
}

TEST_CASE("connection_limit: trusted proxies are not counted") {
  ClientWorld in(with_limits({limit(1)}));
  std::string error;
  in.world.listener_heritage.trusted =
      std::make_shared<const AddressSet>(std::vector<AddressSet::Entry>{
          {*conf::parse_network("192.0.2.0/29", error), AddressMark::allow}});
  Counted first, second;
  CHECK(admit(in, "192.0.2.7", first));
  CHECK(admit(in, "192.0.2.7", second));
  CHECK(!second);
  CHECK(admit(in, "192.0.2.8", first));
  CHECK(!admit(in, "192.0.2.8", second));
}

TEST_CASE("connection_limit: a connection counts until it ends, whatever it turns out to speak") {
  ClientWorld in(with_limits({limit(1)}));
  Counted other;
  const auto connect = [&](std::string_view first) -> Peer& {
    return in.connect([&](UniqueFd socket) -> std::unique_ptr<worker::client::ClientConnection> {
      Counted counted;
      REQUIRE(admit(in, "192.0.2.7", counted));
      std::unique_ptr<worker::client::ClientConnection> made;
      if (first.empty()) {
        made = std::make_unique<worker::client::Http1Connection>(
            in.context, *in.world.listener, worker::net::Stream(std::move(socket)),
            peer_with(std::move(counted)));
      } else {
        made = std::make_unique<worker::client::Http2Connection>(
            in.context, *in.world.listener, worker::net::Stream(std::move(socket)),
            peer_with(nullptr), first);
        in.clients.set_counted(*made, std::move(counted));
      }
      return made;
    });
  };
  for (const std::string_view first : {std::string_view(), worker::http2::kPreface}) {
    Peer& peer = connect(first);
    in.turn();
    CHECK(!admit(in, "192.0.2.7", other));
    peer.closes();
    REQUIRE(in.until([&] { return in.clients.size() == 0; }));
    in.turn();
    CHECK(admit(in, "192.0.2.7", other));
    other.reset();
  }
}

TEST_CASE("connection_limit: the successor of a connection takes its count over") {
  ClientWorld in({.change = [](conf::Config& config) {
    config.listeners[0].client_limits = {limit(1)};
    config.listeners[0].protocols = {conf::Protocol::http2, conf::Protocol::http1};
  }});
  Counted other;
  Peer& peer = in.connect([&](UniqueFd socket) {
    Counted counted;
    REQUIRE(admit(in, "192.0.2.7", counted));
    return std::make_unique<worker::client::Http1Connection>(in.context, *in.world.listener,
                                                             worker::net::Stream(std::move(socket)),
                                                             peer_with(std::move(counted)));
  });
  peer.sends(worker::http2::kPreface);
  REQUIRE(in.until([&] { return !peer.received.empty(); }));  // SETTINGS of HTTP/2
  CHECK(!admit(in, "192.0.2.7", other));
  peer.closes();
  REQUIRE(in.until([&] { return in.clients.size() == 0; }));
  in.turn();
  CHECK(admit(in, "192.0.2.7", other));
}
