#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "t/unit/tls/harness.h"

using namespace tls_test;
using worker::tls::IoResult;
using worker::tls::IoStatus;

namespace {

void send_raw(int socket, std::string_view bytes) {
  REQUIRE(::write(socket, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

// The number of bytes that `socket` had to give.
std::size_t drain(int socket) {
  char buffer[65536];
  std::size_t total = 0;
  for (ssize_t n; (n = ::read(socket, buffer, sizeof buffer)) > 0;) {
    total += static_cast<std::size_t>(n);
  }
  return total;
}

}  // namespace

TEST_CASE("tls session: silent, handshaking, established, broken") {
  const auto context = some_context();
  Pair pair(*context);
  const worker::tls::Session& session = *pair.server.tls();
  char byte;
  CHECK(pair.server.read(&byte, 1).status == IoStatus::would_block);
  CHECK_FALSE(session.handshaking());
  CHECK_FALSE(session.established());

  SSL_connect(pair.make_client());
  CHECK(pair.server.read(&byte, 1).status == IoStatus::would_block);
  CHECK(session.handshaking());
  CHECK_FALSE(session.established());

  REQUIRE(pair.shake_hands());
  CHECK_FALSE(session.handshaking());
  CHECK(session.established());

  send_raw(pair.client_socket.get(), {"\x17\x03\x03\x00\x05?????", 10});  // cannot be decrypted
  const iovec piece{&byte, 1};
  for (const IoResult result :
       {pair.server.read(&byte, 1), pair.server.read(&byte, 1), pair.server.write(&piece, 1)}) {
    CHECK(result.status == IoStatus::failed);
    CHECK(result.error == EPROTO);
  }
  CHECK_FALSE(session.handshaking());
  CHECK(session.established());  // the handshake was completed, whatever came later
  CHECK(session.failure().empty());
}

TEST_CASE("tls session: OpenSSL comes into play when the first message is whole") {
  const auto context = some_context();
  Pair pair(*context);
  const worker::tls::Session& session = *pair.server.tls();
  char byte;
  // Twice a record of a message of 6 bytes in all, with 4 and with 1 of them; then the last one.
  for (const std::string_view part :
       {std::string_view("\x16\x03\x01\x00\x04\x01\x00\x00\x02", 9),
        std::string_view("\x16\x03\x01\x00\x01?", 6), std::string_view("\x16\x03\x01", 3)}) {
    send_raw(pair.client_socket.get(), part);
    const IoResult result = pair.server.read(&byte, 1);
    CHECK(result.status == IoStatus::would_block);
    CHECK(result.drained);
    CHECK(session.handshaking());
    CHECK(session.ssl() == nullptr);
  }
  send_raw(pair.client_socket.get(), {"\x00\x01?", 3});
  CHECK(pair.server.read(&byte, 1).status == IoStatus::failed);  // it is not a valid hello
  CHECK(session.ssl() != nullptr);
  CHECK_FALSE(session.failure().empty());
}

TEST_CASE("tls session: first bytes that are letters are a handshake until it fails") {
  const auto context = some_context();
  Pair pair(*context);
  const worker::tls::Session& session = *pair.server.tls();
  char byte;
  send_raw(pair.client_socket.get(), "GE");
  CHECK(pair.server.read(&byte, 1).status == IoStatus::would_block);
  CHECK(session.handshaking());
  CHECK_FALSE(session.met_plain_http());
  send_raw(pair.client_socket.get(), "T / HTTP/1.1\r\n");
  CHECK(pair.server.read(&byte, 1).status == IoStatus::failed);
  CHECK_FALSE(session.handshaking());
  CHECK(session.met_plain_http());
  CHECK_FALSE(session.established());
}

TEST_CASE("tls session: the owner must flush a flight of the handshake that met a full socket") {
  const auto context = some_context();
  Pair pair(*context);
  worker::tls::Session& session = *pair.server.tls();

  SSL_connect(pair.make_client());
  const std::string filler(1024, 'f');
  std::size_t filled = 0;
  for (ssize_t n; (n = ::write(pair.server.fd(), filler.data(), filler.size())) > 0;) {
    filled += static_cast<std::size_t>(n);
  }
  char byte;
  CHECK(pair.server.read(&byte, 1).status == IoStatus::would_block);
  CHECK(session.must_flush());
  const std::size_t waiting = session.waiting();
  CHECK(waiting > 0);
  CHECK(session.flush());  // the socket is still full
  CHECK(session.must_flush());
  CHECK(session.waiting() == waiting);

  CHECK(drain(pair.client_socket.get()) == filled);
  CHECK(session.flush());
  CHECK_FALSE(session.must_flush());
  CHECK(session.waiting() == 0);
  CHECK(drain(pair.client_socket.get()) == waiting);
}

TEST_CASE("tls session: after a full socket the last byte stays unacknowledged until a write") {
  const auto context = some_context();
  Pair pair(*context);
  REQUIRE(pair.shake_hands());
  worker::tls::Session& session = *pair.server.tls();
  const std::string body = pattern(1 << 20);
  const iovec piece{const_cast<char*>(body.data()), body.size()};
  const std::size_t taken = pair.server.write(&piece, 1).size;
  REQUIRE(taken < body.size());
  CHECK(session.waiting() > 0);
  CHECK_FALSE(session.must_flush());

  std::string received = pair.received();
  while (session.waiting() > 0) {
    REQUIRE(session.flush());
    received += pair.received();
  }
  CHECK((received == body.substr(0, taken + 1)));
  CHECK_FALSE(session.must_flush());
  const iovec rest{const_cast<char*>(body.data()) + taken, 3};
  CHECK(pair.server.write(&rest, 1).size == 3);
  CHECK((received + pair.received() == body.substr(0, taken + 3)));
}
