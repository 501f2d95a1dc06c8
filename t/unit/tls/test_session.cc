#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "shm/segment.h"
#include "t/unit/tls/harness.h"

using namespace tls_test;
using worker::tls::IoResult;
using worker::tls::IoStatus;

namespace {

// Writes until all is taken, as a Pump does: each call begins with the first byte not taken.
void write_all(Pair& pair, std::vector<iovec> pieces, std::string& received) {
  std::string rest;
  for (const iovec& piece : pieces) {
    rest.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  IoResult result = pair.server.write(pieces.data(), static_cast<int>(pieces.size()));
  for (int i = 0; i < 100000; ++i) {
    REQUIRE((result.status == IoStatus::ok || result.status == IoStatus::would_block));
    REQUIRE((result.status == IoStatus::would_block) == (result.size == 0));
    rest.erase(0, result.size);
    received += pair.received();
    if (rest.empty()) return;
    const std::string copy = rest;  // at another address
    const iovec piece{const_cast<char*>(copy.data()), copy.size()};
    result = pair.server.write(&piece, 1);
  }
  FAIL("the write never ends");
}

}  // namespace

TEST_CASE("tls session: bodies of many sizes arrive whole, written in pieces of many sizes") {
  const auto context = some_context();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair pair(*context);
    SSL_CTX_set_max_proto_version(pair.settings(), version);
    REQUIRE(pair.shake_hands());
    for (const std::size_t size : {1u, 2u, 16383u, 16384u, 16385u, 70000u, 262144u, 1048576u}) {
      CAPTURE(size);
      const std::string body = pattern(size);
      std::string head = "head\r\n\r\n";
      std::string end = "end";
      std::string received;
      auto* const bytes = const_cast<char*>(body.data());
      write_all(pair,
                {{head.data(), head.size()}, {nullptr, 0}, {bytes, size}, {end.data(), end.size()}},
                received);
      CHECK((received == head + body + end));
    }
  }
}

TEST_CASE("tls session: reads of many sizes; the last one, and no other, says drained") {
  const auto context = some_context();
  Pair pair(*context);
  REQUIRE(pair.shake_hands());
  const std::string body = pattern(50000);
  for (const std::size_t step : {1u, 7u, 1000u, 16384u, 50000u, 60000u}) {
    CAPTURE(step);
    REQUIRE(SSL_write(pair.client, body.data(), static_cast<int>(body.size())) == 50000);
    std::string got;
    std::vector<char> buffer(step);
    bool drained = false;
    while (got.size() < body.size()) {
      const IoResult result = pair.server.read(buffer.data(), step);
      REQUIRE(result.status == IoStatus::ok);
      got.append(buffer.data(), result.size);
      drained = result.drained;
      if (drained) CHECK(got.size() == body.size());
    }
    CHECK((got == body));
    if (step == 60000) CHECK(drained);
    CHECK(pair.server.read(buffer.data(), step).status == IoStatus::would_block);
  }
}

TEST_CASE("tls session: a record that comes byte by byte is read when it is complete") {
  const auto context = some_context();
  Pair pair(*context);
  REQUIRE(pair.shake_hands());
  // The client writes its record to memory; the test sends it byte by byte.
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set0_wbio(pair.client, out);
  REQUIRE(SSL_write(pair.client, "hello", 5) == 5);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  char buffer[16];
  for (long i = 0; i + 1 < size; ++i) {
    REQUIRE(::write(pair.client_socket.get(), data + i, 1) == 1);
    REQUIRE(pair.server.read(buffer, sizeof buffer).status == IoStatus::would_block);
  }
  REQUIRE(::write(pair.client_socket.get(), data + size - 1, 1) == 1);
  const IoResult result = pair.server.read(buffer, sizeof buffer);
  CHECK(result.status == IoStatus::ok);
  CHECK(std::string(buffer, result.size) == "hello");
  CHECK(result.drained);
}

TEST_CASE("tls session: an end with close_notify is orderly, one without it is a failure") {
  const auto context = some_context();
  char buffer[16];
  {
    Pair pair(*context);
    REQUIRE(pair.shake_hands());
    SSL_write(pair.client, "last", 4);
    SSL_shutdown(pair.client);
    const IoResult result = pair.server.read(buffer, sizeof buffer);
    CHECK(result.status == IoStatus::ok);
    CHECK(result.size == 4);
    CHECK_FALSE(result.drained);
    CHECK(pair.server.read(buffer, sizeof buffer).status == IoStatus::closed);
    CHECK(pair.server.read(buffer, sizeof buffer).status == IoStatus::closed);
    iovec piece{const_cast<char*>("answer"), 6};
    CHECK(pair.server.write(&piece, 1).size == 6);  // the client has closed its half only
  }
  {
    Pair pair(*context);
    REQUIRE(pair.shake_hands());
    SSL_write(pair.client, "last", 4);
    pair.client_socket.reset();
    CHECK(pair.server.read(buffer, sizeof buffer).size == 4);
    const IoResult result = pair.server.read(buffer, sizeof buffer);
    CHECK(result.status == IoStatus::failed);
    CHECK(result.error == ECONNRESET);
  }
}

TEST_CASE(
    "tls session: close_notify is sent at the end, but not after an abort or a truncated body") {
  const auto context = some_context();
  char byte;
  const auto end_of = [&](auto&& act) {
    Pair pair(*context);
    REQUIRE(pair.shake_hands());
    act(pair);
    pair.received();
    return SSL_get_error(pair.client, SSL_read(pair.client, &byte, 1));
  };
  CHECK(end_of([](Pair& pair) { pair.server.close(); }) == SSL_ERROR_ZERO_RETURN);
  CHECK(end_of([](Pair& pair) { pair.server.shutdown_write(); }) == SSL_ERROR_ZERO_RETURN);
  CHECK(end_of([](Pair& pair) {
          pair.server.abort();
          pair.server.close();
        }) == SSL_ERROR_SSL);
  CHECK(end_of([](Pair& pair) {
          const std::string body = pattern(1 << 20);
          const iovec piece{const_cast<char*>(body.data()), body.size()};
          CHECK(pair.server.write(&piece, 1).size < body.size());
          pair.server.close();
        }) == SSL_ERROR_SSL);
}

TEST_CASE("tls session: three letters at the beginning are plain HTTP") {
  const auto context = some_context();
  char byte;
  for (const std::string_view request : {"GET / HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n"}) {
    Pair pair(*context);
    REQUIRE(::write(pair.client_socket.get(), request.data(), request.size()) > 0);
    CHECK(pair.server.read(&byte, 1).status == IoStatus::failed);
    CHECK(pair.server.tls()->met_plain_http());
    CHECK(pair.server.tls()->failure() == "plain HTTP request");
    char answer[64];
    CHECK(::read(pair.client_socket.get(), answer, sizeof answer) < 0);  // no alert before the page
  }
}

TEST_CASE("tls session: two letters and another byte are not plain HTTP") {
  const auto context = some_context();
  char byte;
  Pair pair(*context);
  REQUIRE(::write(pair.client_socket.get(), "GE\x01 / HTTP/1.1\r\n", 16) == 16);
  CHECK(pair.server.read(&byte, 1).status == IoStatus::failed);
  CHECK_FALSE(pair.server.tls()->met_plain_http());
}

TEST_CASE("tls session: a failed handshake has a reason, unless the client never sent a byte") {
  const auto context = some_context();
  char byte;
  {
    Pair pair(*context);
    pair.client_socket.reset();
    CHECK(pair.server.read(&byte, 1).status == IoStatus::failed);
    CHECK(pair.server.tls()->failure().empty());  // a port scan is not reported
  }
  {
    Pair pair(*context);
    SSL_connect(pair.make_client());
    CHECK(pair.server.read(&byte, 1).status == IoStatus::would_block);
    pair.client_socket.reset();
    CHECK(pair.server.read(&byte, 1).status == IoStatus::failed);
    CHECK_FALSE(pair.server.tls()->failure().empty());
  }
  {
    Pair pair(*context);
    REQUIRE(::write(pair.client_socket.get(), "\x16\x03\x01\x00\x05?????", 10) == 10);
    CHECK(pair.server.read(&byte, 1).status == IoStatus::failed);
    CHECK_FALSE(pair.server.tls()->met_plain_http());
    CHECK_FALSE(pair.server.tls()->failure().empty());
  }
}

TEST_CASE("tls session: a renegotiation is refused, and the connection stays usable") {
  const auto context = some_context();
  Pair pair(*context);
  SSL_CTX_set_max_proto_version(pair.settings(), TLS1_2_VERSION);
  REQUIRE(pair.shake_hands());
  SSL_renegotiate(pair.client);
  SSL_do_handshake(pair.client);
  char buffer[16];
  CHECK(pair.server.read(buffer, sizeof buffer).status == IoStatus::would_block);
  SSL_do_handshake(pair.client);
  CHECK(SSL_total_renegotiations(pair.client) <= 1);
  CHECK(pair.server.tls()->established());
}

TEST_CASE("tls session: a client that only asks for new keys, and reads nothing, is given up") {
  const auto context = some_context();
  Pair pair(*context);
  REQUIRE(pair.shake_hands());
  char buffer[16];
  IoResult result{IoStatus::would_block};
  for (int i = 0; i < 200000 && result.status == IoStatus::would_block; ++i) {
    SSL_key_update(pair.client, SSL_KEY_UPDATE_REQUESTED);
    if (SSL_do_handshake(pair.client) != 1) break;
    result = pair.server.read(buffer, sizeof buffer);
  }
  CHECK(result.status == IoStatus::failed);
}

TEST_CASE("tls session: close_notify goes out with the last write and nothing follows it") {
  const auto context = some_context();
  for (const std::size_t size : {1u, 16384u, 1048576u}) {
    CAPTURE(size);
    Pair pair(*context);
    REQUIRE(pair.shake_hands());
    const std::string body = pattern(size);
    std::string received;
    std::size_t taken = 0;
    while (taken < size) {
      const iovec piece{const_cast<char*>(body.data()) + taken, size - taken};
      const IoResult result = pair.server.write(&piece, 1, true);
      REQUIRE((result.status == IoStatus::ok || result.status == IoStatus::would_block));
      taken += result.size;
      received += pair.received();
    }
    received += pair.received();
    CHECK((received == body));
    CHECK(SSL_get_shutdown(pair.client) == SSL_RECEIVED_SHUTDOWN);
    pair.server.shutdown_write();
    char byte;
    CHECK(::read(pair.client_socket.get(), &byte, 1) == 0);
  }
}

TEST_CASE("tls session: tickets wait for the first write, the next read or the end") {
  const auto context = some_context();
  shm::Segment segment(1);
  shm::TicketKey key;
  key.name.fill(1);
  segment.ticket_keys().rotate(key);
  context->use_tickets(segment.ticket_keys());
  iovec answer{const_cast<char*>("answer"), 6};
  char buffer[16];
  for (const std::string_view end : {"answer", "nothing", "read", "close"}) {
    CAPTURE(end);
    Pair pair(*context);
    SSL_connect(pair.make_client());
    CHECK(pair.server.read(buffer, sizeof buffer).status == IoStatus::would_block);
    REQUIRE(SSL_connect(pair.client) == 1);
    REQUIRE(SSL_write(pair.client, "request", 7) == 7);
    CHECK(pair.server.read(buffer, sizeof buffer).size == 7);
    CHECK_FALSE(pair.server.tls()->must_flush());
    CHECK(pair.server.tls()->waiting() > 0);
    char byte;
    CHECK(::recv(pair.client_socket.get(), &byte, 1, MSG_PEEK) < 0);
    if (end == "answer") {
      CHECK(pair.server.write(&answer, 1).size == 6);
      CHECK(pair.received() == "answer");
    } else if (end == "nothing") {
      const iovec nothing{nullptr, 0};
      CHECK(pair.server.write(&nothing, 1).status == IoStatus::would_block);
      CHECK(pair.received().empty());
    } else if (end == "read") {
      CHECK(pair.server.read(buffer, sizeof buffer).status == IoStatus::would_block);
      CHECK(pair.received().empty());
    } else {
      pair.server.close();
      CHECK(pair.received().empty());
      CHECK(SSL_get_shutdown(pair.client) == SSL_RECEIVED_SHUTDOWN);
    }
    CHECK(SSL_SESSION_has_ticket(SSL_get_session(pair.client)) == 1);
  }
}

TEST_CASE("tls session: the ephemeral keys of the key exchange are freed after the handshake") {
  const auto context = some_context();
  const auto kept = [](const worker::tls::KeyPointer& key) {
    return key && EVP_PKEY_get0_provider(key.get()) != nullptr;
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::string groups : {"X25519:P-256", "P-256", "P-384:P-256"}) {
      CAPTURE(version);
      CAPTURE(groups);
      Pair pair(*context);
      SSL_CTX_set_max_proto_version(pair.settings(), version);
      REQUIRE(SSL_CTX_set1_groups_list(pair.settings(), groups.c_str()) == 1);
      REQUIRE(pair.shake_hands());
      EVP_PKEY* ours = nullptr;
      EVP_PKEY* peers = nullptr;
      SSL* const session = const_cast<SSL*>(pair.server.tls()->ssl());
      SSL_get_tmp_key(session, &ours);
      SSL_get_peer_tmp_key(session, &peers);
      CHECK_FALSE(kept(worker::tls::KeyPointer(ours)));
      CHECK_FALSE(kept(worker::tls::KeyPointer(peers)));
      std::string received;
      write_all(pair, {{const_cast<char*>("text"), 4}}, received);
      CHECK(received == "text");
      if (version == TLS1_2_VERSION) continue;
      SSL_key_update(pair.client, SSL_KEY_UPDATE_REQUESTED);
      REQUIRE(SSL_write(pair.client, "more", 4) == 4);
      char buffer[16];
      CHECK(pair.server.read(buffer, sizeof buffer).size == 4);
      write_all(pair, {{const_cast<char*>("text"), 4}}, received);
      CHECK(received == "texttext");
    }
  }
}

TEST_CASE("tls session: sessions of one listener do not disturb each other") {
  const auto context = some_context();
  char buffer[16];
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    std::vector<std::unique_ptr<Pair>> pairs;
    for (int i = 0; i < 4; ++i) {
      pairs.push_back(std::make_unique<Pair>(*context));
      SSL_CTX_set_max_proto_version(pairs.back()->settings(), version);
      pairs.back()->make_client();
    }
    // All take turns. In the first turn the fourth one leaves and the third one breaks the
    // protocol.
    for (int turn = 0; turn < 4; ++turn) {
      for (const auto& pair : pairs) SSL_connect(pair->client);
      for (const auto& pair : pairs) {
        CHECK(pair->server.read(buffer, sizeof buffer).status == IoStatus::would_block);
      }
      if (turn != 0) continue;
      pairs.pop_back();
      REQUIRE(::write(pairs[2]->client_socket.get(), "no TLS at all", 13) == 13);
      CHECK(pairs[2]->server.read(buffer, sizeof buffer).status == IoStatus::failed);
      pairs.pop_back();
    }
    for (const std::size_t i : {1u, 0u}) {
      REQUIRE(pairs[i]->server.tls()->established());
      REQUIRE(SSL_write(pairs[i]->client, i == 0 ? "zero" : "one!", 4) == 4);
    }
    for (const std::size_t i : {0u, 1u}) {
      const IoResult result = pairs[i]->server.read(buffer, sizeof buffer);
      CHECK(std::string(buffer, result.size) == (i == 0 ? "zero" : "one!"));
    }
    for (const std::size_t i : {0u, 1u}) {
      std::string received;
      write_all(*pairs[i], {{const_cast<char*>(i == 0 ? "zero" : "one!"), 4}}, received);
      CHECK(received == (i == 0 ? "zero" : "one!"));
    }
    pairs[0]->server.close();
    CHECK(pairs[0]->received().empty());
    CHECK(SSL_get_shutdown(pairs[0]->client) == SSL_RECEIVED_SHUTDOWN);
    CHECK(SSL_get_shutdown(pairs[1]->client) == 0);
  }
}
