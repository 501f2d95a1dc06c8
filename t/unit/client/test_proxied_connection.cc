// Connections whose balancer sends a header of the PROXY protocol first.
#include "worker/client/proxied_connection.h"

#include <doctest/doctest.h>

#include "t/unit/client/harness.h"
#include "t/unit/tls/harness.h"

using namespace client_test;
using worker::client::kNewcomerMs;
using worker::client::kPatienceMs;
using worker::client::ProxiedConnection;

namespace {

constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
constexpr const char* kBalancer = "203.0.113.9";

// The balancer at `ip`, which is trusted.
Peer& connect(ClientWorld& in, const char* ip = kBalancer) {
  std::string error;
  in.world.listener_heritage.trusted =
      std::make_shared<const worker::net::AddressSet>(std::vector{worker::net::AddressSet::Entry{
          conf::parse_network(ip, error).value(), worker::net::AddressMark::allow}});
  return in.connect([&](UniqueFd socket) {
    return std::make_unique<ProxiedConnection>(in.context, *in.world.listener, std::move(socket),
                                               worker::client::Peer{ip, true});
  });
}

// World::records() has the records of 192.0.2.7 only; those of the balancer are other lines.
std::vector<std::string> balancers_records(ClientWorld& in) {
  std::vector<std::string> found;
  for (const std::string& line : in.world.lines()) {
    const std::string start = std::string(kBalancer) + " - - [";
    if (line.starts_with(start)) found.push_back(line.substr(line.find("] ") + 2));
  }
  return found;
}

std::string record(int status, const std::string& reason) {
  return R"("-" )" + std::to_string(status) + " - 192.0.2.1:80 - 0 reason=" + reason;
}

}  // namespace

TEST_CASE("proxied connection: the client of the header is the client") {
  ClientWorld in;
  Peer& peer = connect(in);
  peer.sends(std::string(kHeader) + std::string(kGet));
  in.answer();
  REQUIRE(in.until_received(peer, kOkHere));
  CHECK(in.world.fakes[0]->received(0).find("X-Forwarded-For: 192.0.2.7\r\n") != std::string::npos);
  CHECK(in.records() == std::vector<std::string>{kServed});
  // There is no second header.
  peer.sends(std::string(kHeader) + std::string(kGet));
  REQUIRE(in.until_end(peer));
  REQUIRE(in.records().size() == 1);
}

TEST_CASE("proxied connection: byte by byte, before and behind the header") {
  ClientWorld in;
  Peer& peer = connect(in);
  for (const char c : std::string(kHeader) + std::string(kGet)) {
    peer.sends({&c, 1});
    in.turn(1);
  }
  in.answer();
  REQUIRE(in.until_received(peer, kOkHere));
  CHECK(in.records() == std::vector<std::string>{kServed});
  CHECK(in.clients.size() == 1);
}

TEST_CASE("proxied connection: a header for no client keeps the peer") {
  for (const std::string_view header :
       {std::string_view("PROXY UNKNOWN\r\n"),
        std::string_view("\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x03xyz", 19)}) {
    ClientWorld in;
    Peer& peer = connect(in, "192.0.2.7");
    peer.sends(header);
    in.turn();
    peer.sends(kGet);
    in.answer();
    REQUIRE(in.until_received(peer, kOkHere));
    CHECK(in.records() == std::vector<std::string>{kServed});
  }
}

TEST_CASE("proxied connection: TLS begins behind the header") {
  ClientWorld in;
  in.world.listener_heritage.tls = tls_test::some_context();
  Peer& peer = connect(in);
  peer.sends(std::string(kHeader) + tls_test::client_hello());
  REQUIRE(in.until([&] { return !peer.received.empty(); }));
  CHECK(peer.received[0] == 22);  // a handshake
  in.world.expire(kClientMs);
  CHECK(in.until_end(peer));
  CHECK(in.records() == std::vector<std::string>{R"("-" 408 - 192.0.2.1:80 - reason=tls_timeout)"});
}

TEST_CASE("proxied connection: a bad header ends it without an answer, with a record and a line") {
  for (const std::uint32_t detail : {0u, 1u}) {
    CAPTURE(detail);
    ClientWorld in({.detail = detail});
    Peer& peer = connect(in);
    peer.sends(kGet);
    REQUIRE(in.until_end(peer));
    CHECK(peer.received.empty());
    CHECK(in.clients.size() == 0);
    std::vector<std::string> lines = in.world.lines();
    REQUIRE(lines.size() == static_cast<std::size_t>(1 + detail));
    CHECK(lines[0].ends_with(record(400, "proxy_header")));
    if (detail == 1) {
      CHECK(lines[1] ==
            "listener 192.0.2.1:80: the PROXY header of 203.0.113.9 does not begin as one of the "
            "PROXY protocol");
    }
  }
}

TEST_CASE("proxied connection: a client that may not enter has a record of its own") {
  ClientWorld in;
  using worker::net::AddressMark;
  using worker::net::AddressSet;
  in.world.listener_heritage.clients.set =
      std::make_shared<const AddressSet>(std::vector<AddressSet::Entry>{
          {{*worker::net::parse_ip("192.0.2.7"), 32}, AddressMark::deny}});
  Peer& peer = connect(in);
  peer.sends(std::string(kHeader) + std::string(kGet));
  REQUIRE(in.until_end(peer));
  CHECK(peer.received.empty());
  CHECK(in.clients.size() == 0);
  CHECK(in.records() ==
        std::vector<std::string>{R"("-" 403 - 192.0.2.1:80 - reason=client_denied)"});
}

TEST_CASE("proxied connection: a peer that leaves has a record if it had begun") {
  ClientWorld in;
  Peer& peer = connect(in);
  std::vector<std::string> expected;
  SUBCASE("it never sent a byte") { peer.closes(); }
  SUBCASE("it never sent a byte, but a reset") { peer.resets(); }
  SUBCASE("it has ended its half only") { peer.ends_output(); }
  SUBCASE("it had begun") {
    peer.sends(kHeader.substr(0, 20));
    in.turn();
    peer.closes();
    expected = {record(499, "proxy_header")};
  }
  SUBCASE("it had begun, and resets") {
    peer.sends(kHeader.substr(0, 20));
    in.turn();
    peer.resets();
    expected = {record(499, "proxy_header")};
  }
  SUBCASE("a part and the end come at once") {
    peer.sends(kHeader.substr(0, 20));
    peer.ends_output();
    expected = {record(499, "proxy_header")};
  }
  SUBCASE("a whole header and the end come at once") {
    peer.sends(kHeader);
    peer.ends_output();
  }
  CHECK(in.until([&] { return in.clients.size() == 0; }));
  CHECK(balancers_records(in) == expected);
  CHECK(in.records().empty());
}

TEST_CASE("proxied connection: the time for the whole header is that for a head") {
  ClientWorld in;
  Peer& peer = connect(in);
  SUBCASE("no byte came") {}
  SUBCASE("a part came") {
    peer.sends("PROXY ");
    in.turn();
    peer.sends("TCP4 ");
  }
  in.turn();
  CHECK(in.clients.size() == 1);
  in.world.expire(kClientMs);
  CHECK(in.clients.size() == 0);
  CHECK(in.until_end(peer));
  CHECK(peer.received.empty());
  CHECK(balancers_records(in) == std::vector<std::string>{record(408, "proxy_header_timeout")});
}

TEST_CASE("proxied connection: the head behind the header has a time of its own") {
  ClientWorld in;
  Peer& peer = connect(in);
  peer.sends(std::string(kHeader) + "GET / HT");
  in.turn();
  in.world.expire(kClientMs);
  CHECK(in.until_end(peer));
  CHECK(in.records() ==
        std::vector<std::string>{R"("-" 408 153 192.0.2.1:80 - reason=head_timeout)"});
}

TEST_CASE("proxied connection: while draining it has a while to begin, and leaves no record") {
  for (const ClientSet::Mode mode :
       {ClientSet::Mode::draining_patiently, ClientSet::Mode::draining}) {
    ClientWorld in;
    Peer& silent = connect(in);
    Peer& begun = connect(in);
    begun.sends("PROXY ");
    Peer& whole = connect(in);
    in.turn();
    in.clients.drain(mode);
    whole.sends(std::string(kHeader) + std::string(kGet));
    in.answer();
    CHECK(in.until_end(whole));
    CHECK(whole.received == kOkAndClose);
    CHECK(in.clients.size() == 2);
    in.world.expire(mode == ClientSet::Mode::draining ? kNewcomerMs : kPatienceMs);
    CHECK(in.clients.size() == 0);
    CHECK(in.until_end(silent));
    CHECK(in.until_end(begun));
    CHECK(balancers_records(in).empty());
    CHECK(in.records() == std::vector<std::string>{kServed});
  }
}

TEST_CASE("proxied connection: a header without a request does not keep a worker that drains") {
  ClientWorld in;
  Peer& peer = connect(in);
  in.turn();
  in.clients.drain(ClientSet::Mode::draining);
  peer.sends(kHeader);
  in.turn();
  CHECK(in.clients.size() == 1);
  in.world.expire(kNewcomerMs);
  CHECK(in.clients.size() == 0);
  CHECK(in.records().empty());
}

TEST_CASE("proxied connection: a worker that ends cuts it off without a record") {
  ClientWorld in;
  Peer& peer = connect(in);
  peer.sends("PROXY ");
  in.turn();
  CHECK(in.clients.cut_off("stopped") == 0);
  CHECK(in.clients.size() == 0);
  CHECK(in.until_end(peer));
  CHECK(balancers_records(in).empty());
}
