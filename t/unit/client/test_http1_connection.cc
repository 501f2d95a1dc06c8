// The life of a client's connection, and of all connections of a worker.
#include <doctest/doctest.h>

#include "t/unit/client/harness.h"

using namespace client_test;
using worker::client::kLingerMs;
using worker::client::kNewcomerMs;
using worker::client::kPatienceMs;

namespace {

std::string page(ClientWorld& in, int status, const std::string& phrase,
                 const std::string& connection = "Connection: close\r\n") {
  const std::string body(in.world.pages.body(status));
  return "HTTP/1.1 " + std::to_string(status) + " " + phrase +
         "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + connection + "\r\n" + body;
}

std::string page_size(ClientWorld& in, int status) {
  return std::to_string(in.world.pages.body(status).size());
}

}  // namespace

TEST_CASE("http1_connection: it stays open for further requests") {
  ClientWorld in;
  Peer& peer = in.connect();
  std::string expected;
  for (std::size_t i = 1; i <= 3; ++i) {
    peer.sends(kGet);
    in.answer(kOk, i);
    expected += kOkHere;
    REQUIRE(in.until_received(peer, expected));
    CHECK(in.records() == std::vector<std::string>{kServed});
  }
  CHECK(!peer.has_ended);
  CHECK(in.clients.size() == 1);
  peer.closes();
  CHECK(in.until([&] { return in.clients.size() == 0; }));
  CHECK(in.records().empty());
}

TEST_CASE("http1_connection: it closes after the response to Connection: close") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
  in.answer();
  REQUIRE(in.until_end(peer));
  CHECK(peer.received == kOkAndClose);
  CHECK(!peer.was_reset);
  CHECK(in.clients.size() == 0);
  CHECK(in.records() == std::vector<std::string>{kServed});
}

TEST_CASE("http1_connection: HTTP/1.0 closes unless the client asks for keep-alive") {
  ClientWorld in;
  Peer& peer = in.connect();
  SUBCASE("it does not") {
    peer.sends("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n");
    in.answer();
    REQUIRE(in.until_end(peer));
    CHECK(peer.received == kOkAndClose);
  }
  SUBCASE("it does") {
    peer.sends("GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n");
    in.answer();
    const std::string kept =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\nX-Backend: "
        "b1\r\n\r\nhello";
    REQUIRE(in.until_received(peer, kept));
    in.turn();
    CHECK(!peer.has_ended);
  }
  CHECK(in.records() == std::vector<std::string>{R"("GET / HTTP/1.0" 200 5 192.0.2.1:80/1 b1)"});
}

TEST_CASE("http1_connection: pipelined requests are answered one after the other, in order") {
  ClientWorld in;
  Peer& peer = in.connect();
  std::string all;
  for (const char* name : {"a", "b", "c"}) {
    all += std::string("GET /") + name + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
  }
  peer.sends(all.substr(0, all.size() - 5));
  for (std::size_t i = 1; i <= 2; ++i) {
    in.answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i), i);
    REQUIRE(in.until([&] { return peer.received.ends_with(std::to_string(i)); }));
  }
  in.turn();
  CHECK(in.records().size() == 2);  // the third head is not complete
  peer.sends(all.substr(all.size() - 5));
  in.answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3", 3);
  REQUIRE(in.until([&] { return peer.received.ends_with("3"); }));
  CHECK(in.records() == std::vector<std::string>{R"("GET /c HTTP/1.1" 200 1 192.0.2.1:80/1 b1)"});
  CHECK(in.world.fakes[0]->received().find("GET /a") <
        in.world.fakes[0]->received().find("GET /b"));
}

TEST_CASE("http1_connection: it stays open after an answer of Pound's own") {
  ClientWorld in({.change = [](conf::Config& config) { config.listeners[0].services.clear(); }});
  Peer& peer = in.connect();
  peer.sends(std::string(kGet) + std::string(kGet));
  const std::string once = page(in, 404, "Not Found", "");
  REQUIRE(in.until_received(peer, once + once));
  CHECK(in.records().size() == 2);
  CHECK(!peer.has_ended);
}

TEST_CASE("http1_connection: a head may come byte by byte") {
  ClientWorld in;
  Peer& peer = in.connect();
  for (const char byte : kGet) {
    peer.sends({&byte, 1});
    in.turn(1);
  }
  in.answer();
  CHECK(in.until_received(peer, kOkHere));
}

TEST_CASE("http1_connection: 408 for a head that is not complete in time") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("GET / HTTP/1.1\r\nHost: a.");
  in.turn();
  in.world.expire(kClientMs);
  REQUIRE(in.until_end(peer));
  CHECK(peer.received == page(in, 408, "Request Timeout"));
  CHECK(in.clients.size() == 0);
  CHECK(in.records() == std::vector<std::string>{R"("-" 408 )" + page_size(in, 408) +
                                                 " 192.0.2.1:80 - reason=head_timeout"});
}

TEST_CASE("http1_connection: further bytes of a head do not restart its time-out") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("GET / HTTP/1.1\r\n");
  in.turn();
  const std::uint64_t begun = worker::net::EventLoop::now_ms();
  in.until([&] { return worker::net::EventLoop::now_ms() > begun; });
  peer.sends("Host: a.test\r\n");
  in.turn();
  in.world.deadlines.of(kClientMs).sweep(begun + kClientMs + 1);
  CHECK(in.until_end(peer));
  CHECK(in.records().size() == 1);
}

TEST_CASE("http1_connection: an idle connection closes without a record") {
  ClientWorld in;
  Peer& peer = in.connect();
  SUBCASE("before its first request") {}
  SUBCASE("after a request") {
    peer.sends(kGet);
    in.answer();
    REQUIRE(in.until_received(peer, kOkHere));
    CHECK(in.records().size() == 1);
  }
  in.world.expire(kClientMs);
  CHECK(in.clients.size() == 0);
  REQUIRE(in.until_end(peer));
  CHECK(!peer.was_reset);
  CHECK(in.records().empty());
}

TEST_CASE("http1_connection: after a refused head no byte is read as a request") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("GET / HTTP/1.1\r\nHost : a.test\r\n\r\n" + std::string(kGet));
  REQUIRE(in.until_end(peer));
  CHECK(peer.received == page(in, 400, "Bad Request"));
  CHECK(in.records() == std::vector<std::string>{R"("GET / HTTP/1.1" 400 )" + page_size(in, 400) +
                                                 " 192.0.2.1:80 - reason=space_before_colon"});
  // Pound has closed its own side, and drops further bytes for a while.
  CHECK(in.clients.size() == 1);
  peer.sends(kGet);
  in.turn();
  CHECK(in.clients.size() == 1);
  peer.closes();
  CHECK(in.until([&] { return in.clients.size() == 0; }));
  CHECK(in.records().empty());
  CHECK(in.world.fakes[0]->connections() == 0);
}

TEST_CASE("http1_connection: lingering ends after kLingerMs of silence") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("BAD\r\n\r\n");
  REQUIRE(in.until_end(peer));
  CHECK(in.clients.size() == 1);
  in.world.expire(kClientMs);
  CHECK(in.clients.size() == 1);
  // On a busy machine the kernel may deliver the response during the first wait.
  for (int i = 0; i < 10 && in.clients.size() != 0; ++i) {
    in.world.expire(kLingerMs);
    in.turn();
  }
  CHECK(in.clients.size() == 0);
}

TEST_CASE("http1_connection: a client that resets during its request") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends(kGet);
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(); }));
  peer.resets();
  CHECK(in.until([&] { return in.clients.size() == 0; }));
  CHECK(in.records() == std::vector<std::string>{
                            R"("GET / HTTP/1.1" 499 - 192.0.2.1:80/1 b1 reason=client_closed)"});
  CHECK(in.world.slots() == "0 0");
}

TEST_CASE("http1_connection: a client may close its side and still read the response") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends(kGet);
  peer.ends_output();
  in.answer();
  REQUIRE(in.until_end(peer));
  CHECK(peer.received == kOkHere);
  CHECK(in.records() == std::vector<std::string>{kServed});
  CHECK(in.clients.size() == 0);
}

// --- all clients of a worker

TEST_CASE("client_set: it counts the present clients and those that have left") {
  ClientWorld in;
  CHECK(in.clients.size() == 0);
  Peer& first = in.connect();
  Peer& second = in.connect();
  in.connect();
  CHECK(in.clients.size() == 3);
  CHECK(in.world.segment.workers().info(in.world.row).clients == 3);
  CHECK(in.clients.left() == 0);
  first.closes();
  CHECK(in.until([&] { return in.clients.size() == 2; }));
  second.closes();
  CHECK(in.until([&] { return in.clients.size() == 1; }));
  CHECK(in.world.segment.workers().info(in.world.row).clients == 1);
  CHECK(in.clients.left() == 2);
  CHECK(in.clients.mode() == ClientSet::Mode::serving);
}

TEST_CASE("client_set: draining without clients stops the loop at once") {
  ClientWorld in;
  in.clients.drain(ClientSet::Mode::draining);
  CHECK(in.clients.is_draining());
  CHECK(net_test::is_stopped(in.world.loop));
}

TEST_CASE("client_set: draining closes idle clients and lets newcomers and requests finish") {
  ClientWorld in;
  Peer& idle = in.connect();
  idle.sends(kGet);
  in.answer();
  REQUIRE(in.until_received(idle, kOkHere));
  Peer& busy = in.connect();
  busy.sends(kGet);
  REQUIRE(in.until([&] { return in.world.slots() == "1 1"; }));
  Peer& fresh = in.connect();
  Peer& newcomer = in.connect();
  in.turn();
  in.clients.drain(ClientSet::Mode::draining);
  CHECK(in.until_end(idle));
  CHECK(in.clients.size() == 3);
  newcomer.sends(kGet);
  REQUIRE(in.until([&] { return in.world.slots() == "2 2"; }));
  in.world.expire(kNewcomerMs);
  CHECK(in.until_end(fresh));
  CHECK(in.clients.size() == 2);

  in.answer(kOk, 2);
  CHECK(in.until_end(busy));
  CHECK(busy.received == kOkAndClose);
  CHECK(in.clients.size() == 1);
  in.answer(kOk, 1, 1);
  CHECK(net_test::is_stopped(in.world.loop));
  CHECK(in.clients.size() == 0);
  CHECK(in.until_end(newcomer));
  CHECK(newcomer.received == kOkAndClose);
}

TEST_CASE("client_set: draining patiently leaves idle clients kPatienceMs") {
  ClientWorld in;
  Peer& idle = in.connect();
  idle.sends(kGet);
  in.answer();
  REQUIRE(in.until_received(idle, kOkHere));
  Peer& silent = in.connect();
  in.clients.drain(ClientSet::Mode::draining_patiently);
  in.turn();
  CHECK(in.clients.size() == 2);
  idle.sends(kGet);
  in.answer(kOk, 2);
  CHECK(in.until_end(idle));
  CHECK(idle.received == kOkHere + kOkAndClose);
  CHECK(in.clients.size() == 1);
  in.world.expire(kPatienceMs);
  CHECK(in.clients.size() == 0);
  CHECK(in.until_end(silent));
}

TEST_CASE("client_set: draining may follow draining_patiently") {
  ClientWorld in;
  Peer& idle = in.connect();
  idle.sends(kGet);
  in.answer();
  REQUIRE(in.until_received(idle, kOkHere));
  in.clients.drain(ClientSet::Mode::draining_patiently);
  CHECK(in.clients.size() == 1);
  in.clients.drain(ClientSet::Mode::draining);
  CHECK(in.clients.size() == 0);
}

TEST_CASE("client_set: cut_off counts the clients that were not idle and records the reason") {
  ClientWorld in;
  Peer& idle = in.connect();
  Peer& busy = in.connect();
  busy.sends(kGet);
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(); }));
  Peer& reading = in.connect();
  reading.sends("GET / HT");
  in.turn();
  CHECK(in.clients.cut_off("shutdown") == 2);
  CHECK(in.clients.size() == 0);
  CHECK(in.until_end(idle));
  CHECK(in.until_end(busy));
  CHECK_FALSE(busy.was_reset);  // it got no byte that could look like a whole response
  CHECK(in.records() ==
        std::vector<std::string>{R"("GET / HTTP/1.1" 499 - 192.0.2.1:80/1 b1 reason=shutdown)"});
  CHECK(in.world.slots() == "0 0");
}

TEST_CASE("http1_connection: fault D1: its own backend connection lasts as long as it does") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends(kGet);
  in.answer("HTTP/1.1 401 X\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(in.until([&] { return peer.received.ends_with("\r\n\r\n"); }));
  peer.sends(kGet);
  in.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 2);
  REQUIRE(in.until([&] { return peer.received.ends_with("hello"); }));
  in.world.turn();
  CHECK(!in.world.fakes[0]->is_closed());
  SUBCASE("the client closes") { peer.closes(); }
  SUBCASE("the client is idle for too long") { in.world.expire(transaction_test::kClientMs); }
  CHECK(in.until([&] { return in.world.fakes[0]->is_closed(); }));
}

TEST_CASE("http1_connection: an idle client stays in malloc's class of 336 bytes") {
  CHECK(sizeof(worker::client::Http1Connection) <= 328);
}
