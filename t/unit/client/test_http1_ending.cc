// How a client's connection ends: with a worker that drains, and while a response is on its way.
#include <doctest/doctest.h>

#include "t/unit/client/harness.h"

using namespace client_test;
using worker::client::kLingerMs;
using worker::client::kPatienceMs;

namespace {

// A client whose response, which promises to keep the connection, is half there.
Peer& begin(ClientWorld& in, std::string_view requests) {
  Peer& peer = in.connect();
  peer.sends(requests);
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(); }));
  in.world.fakes[0]->sends(kOk.substr(0, kOk.size() - 3));
  REQUIRE(in.until([&] { return peer.received.ends_with("he"); }));
  return peer;
}

// A client that has asked for the last time and reads nothing of a long response, all of which the
// kernel has taken.
Peer& begin_long(ClientWorld& in) {
  Peer& peer = in.connect();
  peer.reads = false;
  peer.sends("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
  in.answer("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
  std::vector<std::string> records;
  REQUIRE(in.until([&] { return !(records = in.records()).empty(); }));
  CHECK(records == std::vector<std::string>{R"("GET / HTTP/1.1" 200 500000 192.0.2.1:80/1 b1)"});
  return peer;
}

}  // namespace

TEST_CASE("http1_connection: a drain closes after a response that was under way") {
  ClientWorld in;
  Peer& peer = begin(in, kGet);
  in.clients.drain(ClientSet::Mode::draining);
  in.world.fakes[0]->sends("llo");
  CHECK(in.until_end(peer));
  CHECK(peer.received == kOkHere);
  CHECK(in.clients.size() == 0);
}

TEST_CASE("http1_connection: a patient drain lets another request follow that response") {
  ClientWorld in;
  Peer& peer = begin(in, kGet);
  in.clients.drain(ClientSet::Mode::draining_patiently);
  in.world.fakes[0]->sends("llo");
  REQUIRE(in.until_received(peer, kOkHere));
  in.turn();
  CHECK(in.clients.size() == 1);
  in.world.expire(kPatienceMs);
  CHECK(in.clients.size() == 0);
}

TEST_CASE("http1_connection: a drain does not drop a request that is here already") {
  ClientWorld in;
  Peer* peer = nullptr;
  SUBCASE("behind the first one") {
    peer = &begin(in, std::string(kGet) + std::string(kGet));
    in.clients.drain(ClientSet::Mode::draining);
  }
  SUBCASE("in the socket") {
    peer = &begin(in, kGet);
    in.clients.drain(ClientSet::Mode::draining);
    peer->sends(kGet);
    in.turn();
  }
  in.world.fakes[0]->sends("llo");
  in.answer(kOk, 2);
  CHECK(in.until_end(*peer));
  CHECK(peer->received == kOkHere + kOkAndClose);
  CHECK(in.records() == std::vector<std::string>{kServed, kServed});
  peer->closes();
  CHECK(in.until([&] { return in.clients.size() == 0; }));
}

TEST_CASE("http1_connection: a close waits for a client that is slow to take a long response") {
  ClientWorld in;
  Peer& peer = begin_long(in);
  CHECK(in.clients.size() == 1);
  peer.reads = true;
  REQUIRE(in.until_end(peer));
  CHECK(peer.received.size() > 500'000);
  // It has taken bytes since the wait began, so another wait begins.
  in.world.expire(kLingerMs);
  CHECK(in.clients.size() == 1);
  // The kernel may deliver the last of it during the second wait.
  for (int i = 0; i < 10 && in.clients.size() != 0; ++i) in.world.expire(kLingerMs);
  CHECK(in.clients.size() == 0);
}

TEST_CASE("http1_connection: a close does not wait for a client that takes nothing") {
  ClientWorld in;
  begin_long(in);
  CHECK(in.clients.size() == 1);
  // The kernel may deliver some of it during the first wait.
  for (int i = 0; i < 10 && in.clients.size() != 0; ++i) {
    in.world.expire(kLingerMs);
    in.turn();
  }
  CHECK(in.clients.size() == 0);
}
