// Requests that become tunnels.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

constexpr const char* kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr const char* kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

// An open tunnel.
struct OpenTunnel {
  explicit OpenTunnel(const std::string& first = {}) {
    world.ask(client, kUpgrade);
    REQUIRE(world.until_asked());
    head = world.fakes[0]->received().size();
    world.fakes[0]->sends(kSwitch + first);
    REQUIRE(world.until([&] { return client.calls.size() == 2; }));
    CHECK(world.slots() == "0 0");
    CHECK(client.expects_silence);
    CHECK(world.segment.listeners().stream_gate(world.listener->heritage.row).in_service(1) == 1);
  }
  std::string_view at_backend() const { return world.fakes[0]->received().substr(head); }
  void tell() { client.transaction.on_client_readable(); }
  World world;
  FakeExchange& client = world.client();
  std::size_t head = 0;
};

std::string record(const std::string& bytes) {
  return R"("GET /chat HTTP/1.1" 101 )" + bytes + " 192.0.2.1:80/1 b1";
}

}  // namespace

TEST_CASE("transaction tunnel: bytes go both ways until both sides have ended") {
  OpenTunnel tunnel("hi");
  CHECK(tunnel.world.fakes[0]->received().find("Upgrade: websocket\r\n") != std::string_view::npos);
  tunnel.client.sends("abc");
  tunnel.tell();
  CHECK(tunnel.world.until([&] { return tunnel.at_backend() == "abc"; }));
  tunnel.world.fakes[0]->sends("xyz");
  CHECK(tunnel.world.until([&] { return tunnel.client.body == "hixyz"; }));

  // The client ends its side; the backend still speaks.
  tunnel.client.sends("last");
  tunnel.client.sends(BodyPart::Status::end);
  tunnel.tell();
  CHECK(tunnel.world.until([&] { return tunnel.world.fakes[0]->is_closed(); }));
  CHECK(tunnel.at_backend() == "abclast");
  CHECK(!tunnel.client.ended);
  tunnel.world.fakes[0]->sends("!");
  CHECK(tunnel.world.until([&] { return tunnel.client.body == "hixyz!"; }));
  tunnel.world.fakes[0]->closes();
  REQUIRE(tunnel.world.until_end());
  check_end(tunnel.world, tunnel.client,
            {"accept", "tunnel 101 [hi]", "body [xyz]", "body [!]", "end output", "end whole"},
            record("6"));
}

TEST_CASE("transaction tunnel: the backend ends its side, and the client still speaks") {
  OpenTunnel tunnel;
  tunnel.world.fakes[0]->sends("bye");
  tunnel.world.fakes[0]->ends_output();
  CHECK(tunnel.world.until([&] { return tunnel.client.calls.back() == "end output"; }));
  tunnel.client.sends("more");
  tunnel.tell();
  CHECK(tunnel.world.until([&] { return tunnel.at_backend() == "more"; }));
  CHECK(!tunnel.client.ended);
  tunnel.client.sends(BodyPart::Status::end);
  tunnel.tell();
  check_end(tunnel.world, tunnel.client,
            {"accept", "tunnel 101", "body [bye]", "end output", "end whole"}, record("3"));
}

TEST_CASE("transaction tunnel: a failure of either side ends the tunnel") {
  OpenTunnel tunnel;
  SUBCASE("the client leaves") {
    tunnel.client.sends(BodyPart::Status::gone);
    tunnel.tell();
  }
  SUBCASE("a write to the client fails") {
    tunnel.client.failed = true;
    tunnel.client.transaction.on_client_writable();
  }
  SUBCASE("the backend resets") { tunnel.world.fakes[0]->resets(); }
  REQUIRE(tunnel.world.until_end());
  check_end(tunnel.world, tunnel.client, {"accept", "tunnel 101", "end whole"}, record("-"));
  CHECK(tunnel.world.backends[0].pool.size() == 0);
}

TEST_CASE("transaction tunnel: an idle tunnel ends, and traffic restarts its time-out") {
  OpenTunnel tunnel;
  tunnel.world.expire(kClientMs);
  tunnel.world.expire(kTimeOutMs);
  CHECK(!tunnel.client.ended);
  const std::uint64_t opened = worker::net::EventLoop::now_ms();
  tunnel.world.until([&] { return worker::net::EventLoop::now_ms() > opened; });
  tunnel.client.sends("ping");
  tunnel.tell();
  tunnel.world.deadlines.of(kTunnelMs).sweep(opened + kTunnelMs + 1);
  CHECK(!tunnel.client.ended);
  tunnel.world.expire(kTunnelMs);
  check_end(tunnel.world, tunnel.client, {"accept", "tunnel 101", "end whole"},
            record("-") + " reason=stream_timeout");
}

TEST_CASE(
    "transaction tunnel: Pound stops reading from the backend while the client takes nothing") {
  OpenTunnel tunnel;
  tunnel.client.room = 1;
  tunnel.world.fakes[0]->sends("ab");
  CHECK(tunnel.world.until([&] { return tunnel.client.body == "ab"; }));
  tunnel.world.fakes[0]->sends("cd");
  tunnel.world.turn();
  CHECK(tunnel.client.body == "ab");
  // The other direction still moves bytes.
  tunnel.client.sends("up");
  tunnel.tell();
  CHECK(tunnel.world.until([&] { return tunnel.at_backend() == "up"; }));
  tunnel.client.room = UINT64_MAX;
  tunnel.client.transaction.on_client_writable();
  CHECK(tunnel.client.body == "abcd");
  tunnel.client.transaction.cut_off("shutdown");
  check_end(tunnel.world, tunnel.client,
            {"accept", "tunnel 101", "body [ab]", "body [cd]", "end cut off"},
            record("4") + " reason=shutdown");
}

TEST_CASE("transaction tunnel: many bytes to a slow backend arrive whole before the end") {
  OpenTunnel tunnel;
  tunnel.world.fakes[0]->stops_reading();
  for (int i = 0; i < 16; ++i) tunnel.client.sends(std::string(1u << 20, 'u'));
  tunnel.client.sends(BodyPart::Status::end);
  tunnel.tell();
  tunnel.world.turn(10);
  CHECK(!tunnel.world.fakes[0]->is_closed());
  tunnel.world.fakes[0]->reads_again();
  CHECK(tunnel.world.until([&] { return tunnel.world.fakes[0]->is_closed(); }));
  CHECK(tunnel.at_backend().size() == 16u << 20);
  tunnel.world.fakes[0]->closes();
  REQUIRE(tunnel.world.until_end());
  check_end(tunnel.world, tunnel.client, {"accept", "tunnel 101", "end output", "end whole"},
            record("-"));
}

TEST_CASE("transaction tunnel: a backend may answer without a switch") {
  World world;
  world.ask(world.client(), kUpgrade);
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET /chat HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction tunnel: a 101 without an Upgrade request is refused") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(kSwitch);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "answer 502", "end whole"},
            R"("GET / HTTP/1.1" 502 )" + std::to_string(world.pages.body(502).size()) +
                " 192.0.2.1:80/1 b1 reason=response_switch_unasked");
}
