// Clients of a TLS listener that never come to a request.
#include <doctest/doctest.h>

#include "t/unit/client/harness.h"
#include "t/unit/tls/harness.h"

using namespace client_test;

namespace {

struct TlsWorld : ClientWorld {
  explicit TlsWorld(std::uint32_t detail = 0) : ClientWorld({.detail = detail}) {
    world.listener_heritage.tls = tls_test::some_context();
  }
};

constexpr const char* kHead =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n";
constexpr const char* kPage = "This port speaks HTTPS, and this request came in plain HTTP.\n";

}  // namespace

TEST_CASE("handshake: plain HTTP on a TLS port gets a page, a record and a line") {
  for (const std::uint32_t detail : {0u, 1u}) {
    CAPTURE(detail);
    TlsWorld in(detail);
    Peer& peer = in.connect();
    peer.sends("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    REQUIRE(in.until_end(peer));
    CHECK(peer.received ==
          std::string(kHead) + "Content-Length: 61\r\nConnection: close\r\n\r\n" + kPage);
    CHECK(!peer.was_reset);
    CHECK(in.records() ==
          std::vector<std::string>{R"("-" 400 61 192.0.2.1:80 - reason=plain_http)"});
    std::vector<std::string> expected;
    if (detail == 1) {
      expected = {"listener 192.0.2.1:80: TLS handshake with 192.0.2.7 failed: plain HTTP request"};
    }
    CHECK(in.world.lines() == expected);
    // Pound has closed its own side, and drops further bytes for a while.
    peer.sends("GET / HTTP/1.1\r\n\r\n");
    in.turn();
    CHECK(in.clients.size() == 1);
    peer.closes();
    CHECK(in.until([&] { return in.clients.size() == 0; }));
    CHECK(in.records().empty());
  }
}

TEST_CASE("handshake: bytes that are not TLS are refused with an alert") {
  TlsWorld in;
  Peer& peer = in.connect();
  peer.sends({"\x16\x03\x01\x00\x05?????", 10});
  REQUIRE(in.until_end(peer));
  REQUIRE(peer.received.size() == 7);
  CHECK(peer.received[0] == 21);  // an alert
  CHECK(in.records() ==
        std::vector<std::string>{R"("-" 400 - 192.0.2.1:80 - reason=tls_handshake)"});
  CHECK(in.clients.size() == 1);  // lingers, so that no reset discards the alert
  peer.closes();
  CHECK(in.until([&] { return in.clients.size() == 0; }));
}

TEST_CASE("handshake: a client that leaves has a record if it had begun") {
  TlsWorld in;
  Peer& peer = in.connect();
  SUBCASE("it never sent a byte") {
    peer.closes();
    CHECK(in.until([&] { return in.clients.size() == 0; }));
    CHECK(in.records().empty());
  }
  SUBCASE("it had begun") {
    peer.sends(tls_test::client_hello().substr(0, 20));
    in.turn();
    peer.closes();
    CHECK(in.until([&] { return in.clients.size() == 0; }));
    CHECK(in.records() ==
          std::vector<std::string>{R"("-" 499 - 192.0.2.1:80 - reason=tls_closed)"});
  }
}

TEST_CASE("handshake: the time for it is that for a head; silence leaves no record") {
  TlsWorld in;
  Peer& peer = in.connect();
  std::vector<std::string> expected;
  SUBCASE("no byte came") {}
  SUBCASE("it had begun") {
    peer.sends(tls_test::client_hello());
    REQUIRE(in.until([&] { return !peer.received.empty(); }));
    expected = {R"("-" 408 - 192.0.2.1:80 - reason=tls_timeout)"};
  }
  in.turn();
  in.world.expire(kClientMs);
  CHECK(in.clients.size() == 0);
  CHECK(in.until_end(peer));
  CHECK(in.records() == expected);
}
