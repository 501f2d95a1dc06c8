// The life of a connection that speaks HTTP/2. The clients send header blocks without a dynamic
// table; what they receive is compared frame by frame.
#include <doctest/doctest.h>

#include "t/unit/client/harness.h"
#include "t/unit/http2/session_harness.h"

using namespace client_test;
using namespace http2_test;
using worker::client::kPatienceMs;
using worker::client::kPauseMs;
using Client = client_test::Peer;

namespace {

// GET / of a.test: :method GET, :scheme http and :path / are in the static table.
const std::string kGetBlock =
    "\x82\x86\x84\x41\x06"
    "a.test";
const std::string kPostBlock =
    "\x83\x86\x84\x41\x06"
    "a.test";

std::string start() {
  return std::string(kPreface) + frame(FrameType::settings, 0, 0) +
         frame(FrameType::settings, kAck, 0);
}

// What the client has received since the last call, one text for each frame.
Words received(Client& client) {
  Words words = in_words(client.received);
  client.received.clear();
  return words;
}

bool until_frames(ClientWorld& in, Client& client, std::size_t count) {
  return in.until([&] { return in_words(client.received).size() >= count; });
}

// A client whose first frames were exchanged.
Client& begin(ClientWorld& in) {
  Client& client = in.connect_http2(start());
  REQUIRE(until_frames(in, client, 2));
  const Words words = received(client);
  CHECK(words[0] == "SETTINGS 0");
  CHECK(words[1] == "SETTINGS 0 ack");
  return client;
}

std::vector<std::string> served(const char* text) { return {text}; }

}  // namespace

TEST_CASE("http2_connection: requests at the same time, answered as the backend answers") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kGetBlock) + headers(3, kGetBlock));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(1); }));
  in.answer(kOk, 1, 1);
  REQUIRE(until_frames(in, client, 2));
  Words words = received(client);
  REQUIRE(words.size() == 2);
  CHECK(words[0].starts_with("HEADERS "));
  CHECK(words[1].starts_with("DATA "));
  CHECK(words[1].ends_with(" hello END"));
  in.answer(kOk, 1, 0);
  REQUIRE(until_frames(in, client, 2));
  received(client);
  CHECK(in.records() == std::vector<std::string>(2, R"("GET / HTTP/2.0" 200 5 192.0.2.1:80/1 b1)"));
  CHECK(in.clients.size() == 1);
}

TEST_CASE("http2_connection: a body with an announced length, and one without") {
  ClientWorld in;
  Client& client = begin(in);
  // content-length is 28 in the static table, and its index does not fit into 4 bits.
  client.sends(headers(1,
                       kPostBlock + std::string("\x0f\x0d\x01"
                                                "3"),
                       kEndHeaders) +
               data(1, "ab") + data(1, "c", true));
  REQUIRE(in.until([&] { return in.world.fakes[0]->received(0).ends_with("abc"); }));
  CHECK(in.world.fakes[0]->received(0).find("Content-Length: 3\r\n") != std::string::npos);
  in.world.fakes[0]->sends(kOk, 0);
  REQUIRE(until_frames(in, client, 2));
  received(client);
  client.sends(headers(3, kPostBlock, kEndHeaders) + data(3, "abc") + data(3, "", true));
  REQUIRE(in.until([&] { return in.world.fakes[0]->received(1).ends_with("0\r\n\r\n"); }));
  CHECK(in.world.fakes[0]->received(1).ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  CHECK(in.world.fakes[0]->received(1).find("Transfer-Encoding: chunked\r\n") != std::string::npos);
}

TEST_CASE("http2_connection: DATA that differs from Content-Length resets the stream") {
  const char* const length =
      "\x0f\x0d\x01"
      "3";
  for (const std::string& body : {data(1, "ab", true), data(1, "abcd", true), data(1, "abcd")}) {
    ClientWorld in;
    Client& client = begin(in);
    client.sends(headers(1, std::string(kPostBlock).append(length), kEndHeaders).append(body));
    REQUIRE(until_frames(in, client, 1));
    CHECK(received(client) == Words{"RST 1 1"});
    CHECK(in.records() ==
          served(R"("POST / HTTP/2.0" 400 - 192.0.2.1:80/1 b1 reason=h2_content_length)"));
  }
}

TEST_CASE("http2_connection: the client takes a request back") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kGetBlock));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(0); }));
  client.sends(rst(1));
  REQUIRE(in.until([&] { return in.world.fakes[0]->is_closed(0); }));
  CHECK(in.records() == served(R"("GET / HTTP/2.0" 499 - 192.0.2.1:80/1 b1 reason=client_closed)"));
  CHECK(in.clients.size() == 1);
}

TEST_CASE("http2_connection: a client that leaves takes its requests along") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kGetBlock) + headers(3, kGetBlock));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(1); }));
  client.closes();
  REQUIRE(in.until([&] { return in.clients.size() == 0; }));
  CHECK(in.records() == std::vector<std::string>(
                            2, R"("GET / HTTP/2.0" 499 - 192.0.2.1:80/1 b1 reason=client_closed)"));
}

TEST_CASE("http2_connection: a fault ends it, with a record of its own") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kGetBlock));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(0); }));
  client.sends(headers(2, kGetBlock));
  REQUIRE(in.until_end(client));
  CHECK(received(client) == Words{"GOAWAY 0 last 1 code 1"});
  CHECK(in.records() ==
        std::vector<std::string>{R"("GET / HTTP/2.0" 499 - 192.0.2.1:80/1 b1 reason=h2_stream_id)",
                                 R"("-" 400 - 192.0.2.1:80 - reason=h2_stream_id)"});
}

TEST_CASE("http2_connection: a block that cannot be decoded ends it") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, "\xff\xff\xff\xff\xff\xff"));
  REQUIRE(in.until_end(client));
  CHECK(received(client) == Words{"GOAWAY 0 last 1 code 9"});
  CHECK(in.records() == served(R"("-" 400 - 192.0.2.1:80 - reason=h2_compression)"));
}

TEST_CASE(
    "http2_connection: a request that breaks a rule of HTTP/2 is reset, others are answered") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, "\x82\x86\x84"));  // without :authority and Host
  REQUIRE(until_frames(in, client, 2));
  CHECK(received(client)[0].starts_with("HEADERS 1"));
  client.sends(headers(3,
                       "\x86\x84\x41\x06"
                       "a.test"));  // without :method
  REQUIRE(until_frames(in, client, 1));
  CHECK(received(client) == Words{"RST 3 1"});
  const std::vector<std::string> records = in.records();
  REQUIRE(records.size() == 2);
  CHECK(records[0].ends_with("reason=host_missing"));
  CHECK(records[1].ends_with("reason=h2_pseudo_missing"));
}

TEST_CASE("http2_connection: an idle client is sent away") {
  ClientWorld in;
  Client& client = begin(in);
  in.world.expire(kPauseMs);
  in.turn();
  CHECK(in.clients.size() == 1);
  in.world.expire(5'000);
  REQUIRE(in.until_end(client));
  CHECK(received(client) == Words{"GOAWAY 0 last 0 code 0"});
  CHECK(in.records().empty());
}

TEST_CASE("http2_connection: after a pause the table of the client is what it was") {
  ClientWorld in;
  Client& client = begin(in);
  // Puts :authority a.test into the table, at index 62.
  client.sends(headers(1, kGetBlock));
  in.answer();
  REQUIRE(until_frames(in, client, 2));
  received(client);
  in.world.expire(kPauseMs);
  client.sends(headers(3, "\x82\x86\x84\xbe"));
  in.answer(kOk, 2);
  REQUIRE(until_frames(in, client, 2));
  CHECK(in.world.fakes[0]->received(0).find("Host: a.test\r\n", 60) != std::string::npos);
}

TEST_CASE("http2_connection: a frame has to be whole in time") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kGetBlock, 0));
  in.turn();
  in.world.expire(5'000);
  REQUIRE(in.until_end(client));
  CHECK(received(client) == Words{"GOAWAY 0 last 0 code 11"});
  CHECK(in.records() == served(R"("-" 408 - 192.0.2.1:80 - reason=head_timeout)"));
}

TEST_CASE("http2_connection: a draining worker announces the end and waits for the answer") {
  ClientWorld in;
  Client& client = begin(in);
  client.sends(headers(1, kGetBlock));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(0); }));
  in.clients.drain(ClientSet::Mode::draining_patiently);
  REQUIRE(until_frames(in, client, 2));
  CHECK(received(client) == Words{"GOAWAY 0 last 2147483647 code 0", "PING 0"});
  client.sends(frame(FrameType::ping, kAck, 0, "graceful"));
  REQUIRE(until_frames(in, client, 1));
  CHECK(received(client) == Words{"GOAWAY 0 last 1 code 0"});
  in.answer();
  REQUIRE(in.until_end(client));
  const Words words = received(client);
  REQUIRE(words.size() == 2);
  CHECK(words[1] == "DATA 1 hello END");
}

TEST_CASE("http2_connection: a draining worker does not wait for ever for an idle client") {
  ClientWorld in;
  Client& client = begin(in);
  in.clients.drain(ClientSet::Mode::draining_patiently);
  REQUIRE(until_frames(in, client, 2));
  in.world.expire(kPatienceMs);
  REQUIRE(in.until_end(client));
  CHECK(received(client) ==
        Words{"GOAWAY 0 last 2147483647 code 0", "PING 0", "GOAWAY 0 last 0 code 0"});
}

TEST_CASE("http2_connection: on standby the worker announces the end, also to later clients") {
  ClientWorld in;
  Client& busy = begin(in);
  busy.sends(headers(1, kGetBlock));
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(0); }));
  in.world.segment.standby().begin(0, 1000);
  in.clients.obey_standby();
  REQUIRE(until_frames(in, busy, 2));
  CHECK(received(busy) == Words{"GOAWAY 0 last 2147483647 code 0", "PING 0"});
  busy.sends(frame(FrameType::ping, kAck, 0, "graceful"));
  REQUIRE(until_frames(in, busy, 1));
  CHECK(received(busy) == Words{"GOAWAY 0 last 1 code 0"});
  in.answer();
  REQUIRE(in.until_end(busy));
  CHECK(received(busy).at(1) == "DATA 1 hello END");
}

TEST_CASE("http2_connection: without patience an idle client is closed at once") {
  ClientWorld in;
  Client& client = begin(in);
  in.clients.drain(ClientSet::Mode::draining);
  REQUIRE(in.until_end(client));
  CHECK(received(client) == Words{"GOAWAY 0 last 0 code 0"});
}

TEST_CASE("http2_connection: a plain listener finds HTTP/2 by its preface, however it comes") {
  for (const std::size_t split : {std::size_t{1}, std::size_t{10}, std::size_t{24}}) {
    ClientWorld in;
    in.world.listener->speaks_http2 = true;
    Client& client = in.connect();
    const std::string bytes = start() + headers(1, kGetBlock);
    client.sends(bytes.substr(0, split));
    in.turn();
    client.sends(bytes.substr(split));
    in.answer();
    REQUIRE(until_frames(in, client, 4));
    CHECK(received(client)[3].ends_with("hello END"));
  }
  ClientWorld in;
  Client& client = in.connect();
  client.sends(start());
  REQUIRE(in.until_end(client));
  CHECK(client.received.starts_with("HTTP/1.1 505 "));
}

TEST_CASE("http2_connection: HTTP/1 on a listener that speaks both") {
  ClientWorld in;
  in.world.listener->speaks_http2 = true;
  Client& client = in.connect();
  client.sends("P");
  in.turn();
  client.sends("OST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(0); }));
  in.world.fakes[0]->sends(kOk, 0);
  CHECK(in.until_received(client, kOkHere));
}
