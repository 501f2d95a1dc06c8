// One request and its response, as HTTP/1 on the client's side.
#include <doctest/doctest.h>
#include <netinet/tcp.h>

#include <ctime>

#include "t/unit/client/harness.h"

using namespace client_test;

namespace {

constexpr const char* kChunkedResponse =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: "
    "1\r\n\r\n";

std::string_view body_of(std::string_view request) {
  const std::size_t end = request.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : request.substr(end + 4);
}

}  // namespace

TEST_CASE("http1_exchange: each read becomes one chunk, and the trailer passes") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends(kGet);
  in.answer(kChunkedResponse);
  const std::string expected =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Backend: b1\r\n\r\n"
      "5\r\nabcde\r\n0\r\nX-Sum: 1\r\n\r\n";
  REQUIRE(in.until_received(peer, expected));
  in.turn();
  CHECK(!peer.has_ended);
  CHECK(in.records() == std::vector<std::string>{kServed});
}

TEST_CASE("http1_exchange: for HTTP/1.0 the close ends a body without a length") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n");
  in.answer(kChunkedResponse);
  REQUIRE(in.until_end(peer));
  CHECK(!peer.was_reset);
  CHECK(peer.received == "HTTP/1.1 200 OK\r\nConnection: close\r\nX-Backend: b1\r\n\r\nabcde");
}

TEST_CASE("http1_exchange: a body that ends by the backend's close goes out in chunks") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends(kGet);
  in.answer("HTTP/1.1 200 OK\r\n\r\nabc");
  const std::string begun =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Backend: b1\r\n\r\n3\r\nabc\r\n";
  REQUIRE(in.until_received(peer, begun));
  in.world.fakes[0]->closes();
  REQUIRE(in.until_received(peer, begun + "0\r\n\r\n"));
  in.turn();
  CHECK(!peer.has_ended);
}

TEST_CASE("http1_exchange: a truncated response never looks whole") {
  ClientWorld in;
  Peer& peer = in.connect();
  bool is_reset = false;
  std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-Backend: b1\r\n\r\nabc";
  SUBCASE("of a length") {
    peer.sends(kGet);
    in.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  }
  SUBCASE("in chunks") {
    peer.sends(kGet);
    in.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc");
    head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Backend: b1\r\n\r\n3\r\nabc\r\n";
  }
  SUBCASE("by close, so that a reset marks the truncation") {
    peer.sends("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n");
    in.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc");
    head = "HTTP/1.1 200 OK\r\nConnection: close\r\nX-Backend: b1\r\n\r\nabc";
    is_reset = true;
  }
  REQUIRE(in.until_received(peer, head));
  in.world.fakes[0]->closes();
  REQUIRE(in.until_end(peer));
  CHECK(peer.received == head);
  CHECK(peer.was_reset == is_reset);
  const std::vector<std::string> records = in.records();
  REQUIRE(records.size() == 1);
  CHECK(records[0].ends_with(" 200 3 192.0.2.1:80/1 b1 reason=backend_truncated"));
  CHECK(in.clients.size() == 0);
}

TEST_CASE("http1_exchange: interim responses are for HTTP/1.1 only") {
  for (const bool is_http10 : {false, true}) {
    ClientWorld in;
    Peer& peer = in.connect();
    peer.sends(is_http10 ? "GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"
                         : kGet);
    in.answer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    if (!is_http10) {
      CHECK(in.until_received(peer, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"));
    }
    peer.received.clear();
    in.answer();
    REQUIRE(in.until([&] { return peer.received.ends_with("hello"); }));
    CHECK(peer.received.starts_with("HTTP/1.1 200 OK\r\n"));
  }
}

TEST_CASE("http1_exchange: a response to HEAD has Content-Length and no body") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  in.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Backend: b1\r\n\r\n";
  REQUIRE(in.until_received(peer, head));
  peer.sends(kGet);
  in.answer(kOk, 1, 1);  // on a fresh connection
  REQUIRE(in.until_received(peer, head + kOkHere));
}

TEST_CASE("http1_exchange: the bytes behind a body are the next request") {
  ClientWorld in;
  Peer& peer = in.connect();
  std::string head = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n";
  std::string body = "abcde";
  std::string at_backend = "abcde";
  SUBCASE("of a length") {}
  SUBCASE("in chunks") {
    head = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    body = "3;x\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n";
    at_backend = "5\r\nabcde\r\n0\r\nX-Sum: 1\r\n\r\n";
  }
  peer.sends(head + body + std::string(kGet));
  REQUIRE(in.until([&] { return body_of(in.world.fakes[0]->received()) == at_backend; }));
  in.world.fakes[0]->sends(kOk);
  in.answer(kOk, 1, 1);  // on a fresh connection, since the first one carried a body
  REQUIRE(in.until_received(peer, kOkHere + kOkHere));
  CHECK(in.records() ==
        std::vector<std::string>{R"("POST / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)", kServed});
  CHECK(body_of(in.world.fakes[0]->received()) == at_backend);
}

TEST_CASE("http1_exchange: a body that comes in parts goes out in parts") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
  REQUIRE(in.until([&] { return body_of(in.world.fakes[0]->received()) == "2\r\nab\r\n"; }));
  peer.sends("c\r\n");
  REQUIRE(
      in.until([&] { return body_of(in.world.fakes[0]->received()) == "2\r\nab\r\n1\r\nc\r\n"; }));
  peer.sends("0\r\n\r\n");
  REQUIRE(in.until([&] { return in.world.fakes[0]->received().ends_with("0\r\n\r\n"); }));
  in.world.fakes[0]->sends(kOk);
  REQUIRE(in.until_received(peer, kOkHere));
}

TEST_CASE("http1_exchange: a response before the end of the body closes the connection") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 500\r\n\r\nab");
  REQUIRE(in.until([&] { return body_of(in.world.fakes[0]->received()) == "ab"; }));
  in.world.fakes[0]->sends(kOk);
  REQUIRE(in.until_end(peer));
  CHECK(peer.received == kOkAndClose);
  CHECK(!peer.was_reset);
  // Lingering: Pound drops further bytes, and no reset discards the response.
  peer.sends(std::string(498, 'c'));
  in.turn();
  CHECK(in.clients.size() == 1);
  peer.closes();
  CHECK(in.until([&] { return in.clients.size() == 0; }));
  CHECK(in.records() == std::vector<std::string>{R"("POST / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)"});
}

TEST_CASE("http1_exchange: an invalid body gets an answer, and the connection closes") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  REQUIRE(in.until([&] { return in.world.fakes[0]->received().ends_with("3\r\nabc\r\n"); }));
  peer.sends("zz\r\n" + std::string(kGet));
  REQUIRE(in.until_end(peer));
  CHECK(peer.received.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(peer.received.find("Connection: close\r\n") != std::string::npos);
  CHECK(!peer.was_reset);
  CHECK(in.records() == std::vector<std::string>{R"("POST / HTTP/1.1" 400 )" +
                                                 std::to_string(in.world.pages.body(400).size()) +
                                                 " 192.0.2.1:80/1 b1 reason=chunk_size"});
}

TEST_CASE("http1_exchange: a chunked body of MaxRequest bytes, and of one more") {
  for (const bool is_too_long : {false, true}) {
    ClientWorld in(
        {.change = [](conf::Config& config) { config.listeners[0].limits.request = 5; }});
    Peer& peer = in.connect();
    peer.sends("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" +
               std::string(is_too_long ? "3\r\ndef\r\n" : "2\r\nde\r\n") + "0\r\n\r\n");
    if (is_too_long) {
      REQUIRE(in.until_end(peer));
      CHECK(peer.received.starts_with("HTTP/1.1 413 "));
    } else {
      REQUIRE(in.until([&] { return in.world.fakes[0]->received().ends_with("0\r\n\r\n"); }));
      in.world.fakes[0]->sends(kOk);
      REQUIRE(in.until_received(peer, kOkHere));
    }
  }
}

TEST_CASE("http1_exchange: a client that leaves in the middle of its body") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nab");
  REQUIRE(in.until([&] { return body_of(in.world.fakes[0]->received()) == "ab"; }));
  peer.ends_output();
  REQUIRE(in.until_end(peer));
  CHECK(peer.received.empty());
  CHECK(in.records() == std::vector<std::string>{
                            R"("POST / HTTP/1.1" 499 - 192.0.2.1:80/1 b1 reason=client_closed)"});
  CHECK(in.until([&] { return in.world.fakes[0]->is_closed(); }));
}

TEST_CASE("http1_exchange: a slow client gets all bytes in order") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.reads = false;
  peer.sends(kGet);
  constexpr std::size_t kSize = 16u << 20;
  in.answer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
  std::string body(kSize, ' ');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i / 1000 % 26);
  std::size_t sent = 0;
  std::size_t stuck = 0;
  // Until the sockets of both the client and the backend are full.
  in.until([&] {
    const std::size_t more = in.world.fakes[0]->sends_some(std::string_view(body).substr(sent));
    sent += more;
    stuck = more == 0 ? stuck + 1 : 0;
    return stuck == 20 || sent == body.size();
  });
  CHECK(sent < kSize);
  CHECK(in.world.slots() == "1 1");
  peer.reads = true;
  in.until([&] {
    sent += in.world.fakes[0]->sends_some(std::string_view(body).substr(sent));
    return sent == body.size();
  });
  REQUIRE(in.until([&] { return peer.received.size() >= kSize + 60; }));
  CHECK((body_of(peer.received) == body));
  CHECK(in.records() ==
        std::vector<std::string>{R"("GET / HTTP/1.1" 200 16777216 192.0.2.1:80/1 b1)"});
}

TEST_CASE("http1_exchange: bytes behind an upgrade request belong to the tunnel") {
  ClientWorld in;
  Peer& peer = in.connect();
  peer.sends(
      "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
  in.answer(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
      "websocket\r\n\r\nhi");
  REQUIRE(in.until([&] { return body_of(in.world.fakes[0]->received()) == "early"; }));
  REQUIRE(in.until([&] { return peer.received.ends_with("\r\n\r\nhi"); }));
  CHECK(peer.received.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  peer.sends("more");
  REQUIRE(in.until([&] { return body_of(in.world.fakes[0]->received()) == "earlymore"; }));
  peer.ends_output();
  REQUIRE(in.until([&] { return in.world.fakes[0]->is_closed(); }));
  in.world.fakes[0]->sends("bye");
  in.world.fakes[0]->closes();
  REQUIRE(in.until_end(peer));
  CHECK(!peer.was_reset);
  CHECK(peer.received.ends_with("\r\n\r\nhibye"));
  CHECK(in.records() == std::vector<std::string>{R"("GET / HTTP/1.1" 101 5 192.0.2.1:80/1 b1)"});
  CHECK(in.until([&] { return in.clients.size() == 0; }));
}

TEST_CASE("http1_exchange: a response without Date gets the time, and so does an answer") {
  ClientWorld in;
  in.context.wall_clock = [](std::time_t*) { return std::time_t{784111777}; };
  const std::string date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  Peer& peer = in.connect();
  peer.sends(kGet);
  in.answer();
  std::string expected =
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + date + "X-Backend: b1\r\n\r\nhello";
  REQUIRE(in.until_received(peer, expected));
  peer.sends(kGet);
  in.answer("HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 0\r\n\r\n", 2);
  expected += "HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 0\r\nX-Backend: b1\r\n\r\n";
  REQUIRE(in.until_received(peer, expected));
  peer.sends("GET / HTTP/1.1\r\n\r\n");
  REQUIRE(in.until_end(peer));
  CHECK(peer.received.substr(expected.size()).find("Connection: close\r\n" + date) !=
        std::string::npos);
}

TEST_CASE("http1_exchange: what a tunnel has not taken does not reach the next request") {
  constexpr std::size_t kHead = 100'000;
  ClientWorld in(
      {.change = [](conf::Config& config) { config.listeners[0].limits.header = kHead; }});
  // A backend with room for few bytes, which switches before it has read the whole head.
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int buffer = 4096;
  const int segment = 536;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  worker::net::SocketAddress address = in.world.fakes[0]->address();
  reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = 0;
  auto* const generic = reinterpret_cast<sockaddr*>(&address.storage);
  REQUIRE(::bind(socket.get(), generic, address.size) == 0);
  REQUIRE(::getsockname(socket.get(), generic, &address.size) == 0);
  REQUIRE(::listen(socket.get(), 1) == 0);
  in.world.heritages[0].addresses = {address};

  Peer& tunnel = in.connect();
  std::string head = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: x\r\nA: ";
  head.append(kHead - head.size() - 4, 'x') += "\r\n\r\n";
  tunnel.sends(head + "early");
  REQUIRE(in.until([&] { return in.world.slots() == "1 1"; }));
  const UniqueFd backend(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  char byte;
  REQUIRE(in.until([&] { return ::recv(backend.get(), &byte, 1, MSG_DONTWAIT) == 1; }));
  constexpr std::string_view kSwitch =
      "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  REQUIRE(::send(backend.get(), kSwitch.data(), kSwitch.size(), 0) ==
          static_cast<ssize_t>(kSwitch.size()));
  REQUIRE(in.until([&] { return tunnel.received.ends_with("\r\n\r\n"); }));
  CHECK(in.clients.cut_off("test") == 1);

  in.world.publish({in.world.fakes[0]->address()});
  Peer& peer = in.connect();  // its exchange is the tunnel's
  peer.sends("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n");
  REQUIRE(in.until([&] { return in.world.fakes[0]->has_head(); }));
  peer.sends("abcde");
  REQUIRE(in.until([&] { return body_of(in.world.fakes[0]->received()).size() >= 5; }));
  CHECK(body_of(in.world.fakes[0]->received()) == "abcde");
}
