// Requests over HTTP/2 and the way their responses go back: what only this protocol has.
#include <doctest/doctest.h>

#include "t/unit/client/harness.h"
#include "t/unit/http2/session_harness.h"

using namespace client_test;
using namespace http2_test;
using Client = client_test::Peer;

namespace {

const std::string kPostBlock =
    "\x83\x86\x84\x41\x06"
    "a.test";
const std::string kConnectBlock = std::string(
    "\x02\x07"
    "CONNECT\x86\x84\x41\x06"
    "a.test\x00\x09:protocol\x09"
    "websocket",
    40);
// A field x-sum with the value 7.
const std::string kTrailerBlock = std::string(
    "\x00\x05"
    "x-sum\x01"
    "7",
    9);

Client& begin(ClientWorld& in) {
  Client& client = in.connect_http2(std::string(kPreface) + frame(FrameType::settings, 0, 0));
  REQUIRE(in.until([&] { return in_words(client.received).size() >= 2; }));
  client.received.clear();
  return client;
}

Words received(ClientWorld& in, Client& client, std::size_t count) {
  in.until([&] { return in_words(client.received).size() >= count; });
  Words words = in_words(client.received);
  client.received.clear();
  return words;
}

bool backend_has(ClientWorld& in, std::size_t connection, std::string_view end) {
  return in.until([&] { return in.world.fakes[0]->received(connection).ends_with(end); });
}

}  // namespace

TEST_CASE("http2_exchange: a trailer belongs to its own request only") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kPostBlock, kEndHeaders) + data(1, "abc") + headers(1, kTrailerBlock));
  CHECK(backend_has(in, 0, "\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n"));
  in.world.fakes[0]->sends(kOk, 0);
  CHECK(received(in, client, 2).size() == 2);
  client.sends(headers(3, kPostBlock, kEndHeaders) + data(3, "abc", true));
  CHECK(backend_has(in, 1, "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
}

TEST_CASE("http2_exchange: a trailer that breaks a rule") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kPostBlock, kEndHeaders) + data(1, "abc") + headers(1, "\x82"));
  CHECK(received(in, client, 1) == Words{"RST 1 1"});
  CHECK(in.records() ==
        Words{R"("POST / HTTP/2.0" 400 - 192.0.2.1:80/1 b1 reason=h2_pseudo_trailer)"});
}

TEST_CASE("http2_exchange: the trailer of a response") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kPostBlock));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(0); }));
  in.world.fakes[0]->sends(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n");
  const Words words = received(in, client, 3);
  REQUIRE(words.size() == 3);
  CHECK(words[1] == "DATA 1 abc");
  CHECK(words[2].starts_with("HEADERS 1 "));
  CHECK(words[2].ends_with(" END"));
}

TEST_CASE("http2_exchange: a truncated response is reset, and never ended") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kPostBlock));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(0); }));
  in.world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(received(in, client, 2)[1] == "DATA 1 abc");
  in.world.fakes[0]->closes();
  CHECK(received(in, client, 1) == Words{"RST 1 2"});
}

TEST_CASE("http2_exchange: an answer that does not wait for the body") {
  ClientWorld in;
  Client& client = begin(in);
  in.world.listener->limits.body = 3;
  client.sends(headers(1, kPostBlock, kEndHeaders) + data(1, "abcd"));
  const Words words = received(in, client, 3);
  REQUIRE(words.size() == 3);
  CHECK(words[1].ends_with(" bytes END"));
  CHECK(words[2] == "RST 1 0");
  CHECK(in.records()[0].ends_with("reason=body_too_long"));
}

TEST_CASE("http2_exchange: a tunnel, bytes both ways, and its end") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kConnectBlock, kEndHeaders));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(0); }));
  CHECK(in.world.fakes[0]->received(0).starts_with("GET / HTTP/1.1\r\n"));
  in.world.fakes[0]->sends(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  Words words = received(in, client, 1);
  REQUIRE(words.size() == 1);
  CHECK(words[0].starts_with("HEADERS 1 "));
  client.sends(data(1, "ping"));
  CHECK(backend_has(in, 0, "\r\n\r\nping"));
  in.world.fakes[0]->sends("pong");
  CHECK(received(in, client, 1) == Words{"DATA 1 pong"});
  in.world.fakes[0]->closes();
  CHECK(received(in, client, 1)[0] == "DATA 1 END");
}

TEST_CASE("http2_exchange: bytes that come with the switch") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kConnectBlock, kEndHeaders));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(0); }));
  in.world.fakes[0]->sends(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi");
  const Words words = received(in, client, 2);
  REQUIRE(words.size() == 2);
  CHECK(words[1] == "DATA 1 hi");
}

TEST_CASE("http2_exchange: more frames than one turn takes") {
  ClientWorld in;
  Client& client = begin(in);
  std::string pings;
  for (int i = 0; i < 600; ++i) pings += frame(FrameType::ping, 0, 0, "12345678");
  client.sends(pings);
  CHECK(received(in, client, 600) == Words(600, "PING 0 ack"));
}
