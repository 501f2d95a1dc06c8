// Tests of tls/backend_context, and of the client's side of tls/session: a backend and Pound in one
// process.
#include "worker/tls/backend_context.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "shm/segment.h"
#include "t/unit/tls/harness.h"

using namespace tls_test;
using worker::tls::BackendContext;
using worker::tls::IoResult;
using worker::tls::IoStatus;
using worker::tls::Trust;

namespace {

// A backend's certificate, which is its own authority, and what Pound needs to trust it.
struct Site {
  explicit Site(const std::string& cn = "a.test", const std::string& san = "DNS:a.test") {
    const std::string text = simple_pem(cn, san);
    pem_file = folder.write("a.pem", text);
    server = make_context(settings_of({pem_file}), diagnostics);
    REQUIRE(server);
  }

  std::shared_ptr<BackendContext> client(conf::BackendTls tls = {},
                                         const std::string& address = "a.test") {
    if (tls.verify && tls.ca.empty()) tls.ca = pem_file;
    Trust trust;
    auto made = BackendContext::make(tls, address, trust, diagnostics);
    return made;
  }

  Folder folder;
  std::string pem_file;
  conf::Diagnostics diagnostics;
  std::shared_ptr<worker::tls::Context> server;
};

conf::BackendTls named(const char* name) {
  conf::BackendTls tls;
  tls.name = name;
  return tls;
}

// Two streams, and a wire between them that carries at most `step` bytes at a time.
class Wire {
 public:
  Wire(worker::tls::SessionGroup& client_group, worker::tls::SessionGroup* server_group) {
    connect(client, client_end_);
    connect(server, server_end_);
    client.secure(client_group);
    if (server_group != nullptr) server.secure(*server_group);
  }

  // Carries on until both sides have nothing left to say, or one of them has failed.
  IoResult shake_hands(std::size_t step) {
    IoResult result = client.tls()->shake_hands();
    for (int i = 0; i < 20000 && result.status == IoStatus::would_block; ++i) {
      carry(client_end_, server_end_, step);
      if (server.tls() != nullptr) serve();
      carry(server_end_, client_end_, step);
      result = client.tls()->shake_hands();
    }
    carry(client_end_, server_end_, 1 << 20);
    if (server.tls() != nullptr) serve();
    carry(server_end_, client_end_, 1 << 20);
    return result;
  }

  void carry_all() {
    carry(client_end_, server_end_, 1 << 20);
    carry(server_end_, client_end_, 1 << 20);
  }

  worker::net::Stream client;
  worker::net::Stream server;
  std::string got;  // what the server has read
  bool server_failed = false;

 private:
  static void connect(worker::net::Stream& stream, worker::net::UniqueFd& end) {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) std::abort();
    stream = worker::net::Stream(worker::net::UniqueFd(fds[0]));
    end = worker::net::UniqueFd(fds[1]);
  }

  static void carry(worker::net::UniqueFd& from, worker::net::UniqueFd& to, std::size_t step) {
    std::string bytes(step, '\0');
    const ssize_t n = ::recv(from.get(), bytes.data(), bytes.size(), 0);
    if (n > 0) REQUIRE(::send(to.get(), bytes.data(), static_cast<std::size_t>(n), 0) == n);
  }

  void serve() {
    char buffer[100];
    const IoResult result = server.read(buffer, sizeof buffer);
    if (result.status == IoStatus::ok) got.append(buffer, result.size);
    server_failed = result.status == IoStatus::failed;
  }

  worker::net::UniqueFd client_end_;
  worker::net::UniqueFd server_end_;
};

void write(worker::net::Stream& stream, std::string text) {
  const iovec piece{text.data(), text.size()};
  REQUIRE(stream.write(&piece, 1).size == text.size());
}

std::string read(worker::net::Stream& stream) {
  char buffer[1000];
  const IoResult result = stream.read(buffer, sizeof buffer);
  return result.status == IoStatus::ok ? std::string(buffer, result.size) : std::string();
}

}  // namespace

TEST_CASE("tls backend: a handshake that comes in parts of any size, then bytes both ways") {
  Site site;
  const auto context = site.client();
  REQUIRE(context);
  for (const std::size_t step : {1u, 3u, 100u, 100000u}) {
    CAPTURE(step);
    Wire wire(*context, site.server.get());
    CHECK(wire.shake_hands(step).status == IoStatus::ok);
    CHECK(wire.client.tls()->established());
    CHECK(wire.client.tls()->failure() == "");
    CHECK(!wire.client.tls()->must_flush());
    CHECK(wire.client.tls()->shake_hands().status == IoStatus::ok);  // again, at no cost
    write(wire.client, "ask");
    wire.carry_all();
    CHECK(read(wire.server) == "ask");
    write(wire.server, "answer");
    wire.carry_all();
    CHECK(read(wire.client) == "answer");
  }
}

TEST_CASE("tls backend: a certificate that is not accepted") {
  Site site;
  struct Case {
    const char* name;
    const char* failure;
  };
  for (const Case& one : {Case{"b.test", "certificate verify failed: hostname mismatch"},
                          Case{"127.0.0.1", "certificate verify failed: IP address mismatch"},
                          Case{"::1", "certificate verify failed: IP address mismatch"}}) {
    CAPTURE(one.name);
    const auto context = site.client(named(one.name));
    REQUIRE(context);
    Wire wire(*context, site.server.get());
    const IoResult result = wire.shake_hands(100000);
    CHECK(result.status == IoStatus::failed);
    CHECK(result.error == worker::tls::kUntrusted);
    CHECK(wire.client.tls()->failure() == one.failure);
    CHECK(!wire.client.tls()->established());
    CHECK(wire.server_failed);  // it got an alert
    char byte;
    CHECK(wire.client.read(&byte, 1).status == IoStatus::failed);
  }
}

TEST_CASE("tls backend: without verification any certificate will do") {
  Site site;
  conf::BackendTls tls = named("b.test");
  tls.verify = false;
  const auto context = site.client(tls);
  REQUIRE(context);
  Wire wire(*context, site.server.get());
  CHECK(wire.shake_hands(100000).status == IoStatus::ok);
}

TEST_CASE("tls backend: the name of an IP address") {
  Site site("x", "IP:127.0.0.1,IP:::1");
  for (const char* address : {"127.0.0.1", "::1"}) {
    const auto context = site.client({}, address);
    REQUIRE(context);
    Wire wire(*context, site.server.get());
    CHECK(wire.shake_hands(100000).status == IoStatus::ok);
  }
}

TEST_CASE("tls backend: a session is resumed by one connection, and gives the next one") {
  Site site;
  shm::Segment segment(1);
  segment.ticket_keys().rotate({.name = {1}, .cipher = {2}, .mac = {3}});
  site.server->use_tickets(segment.ticket_keys());
  const auto context = site.client();
  const auto resumes = [&] {
    Wire wire(*context, site.server.get());
    REQUIRE(wire.shake_hands(100000).status == IoStatus::ok);
    write(wire.server, "x");  // with the tickets before it
    wire.carry_all();
    CHECK(read(wire.client) == "x");
    const bool reused = SSL_session_reused(wire.client.tls()->ssl()) == 1;
    wire.client.close();  // OpenSSL forgets the session of a connection that ends otherwise
    return reused;
  };
  CHECK(!resumes());
  CHECK(resumes());
  CHECK(resumes());
  const auto another = site.client();
  Wire wire(*another, site.server.get());
  REQUIRE(wire.shake_hands(100000).status == IoStatus::ok);
  CHECK(SSL_session_reused(wire.client.tls()->ssl()) == 0);
}

TEST_CASE("tls backend: who does not speak TLS") {
  Site site;
  const auto context = site.client();
  {
    Wire wire(*context, nullptr);
    CHECK(wire.client.tls()->shake_hands().status == IoStatus::would_block);
    write(wire.server, "HTTP/1.1 400 Bad Request\r\n\r\n");
    wire.carry_all();
    const IoResult result = wire.client.tls()->shake_hands();
    CHECK(result.status == IoStatus::failed);
    CHECK(result.error == EPROTO);
    CHECK(wire.client.tls()->failure() == "plain HTTP response");
  }
  Wire wire(*context, nullptr);
  CHECK(wire.client.tls()->shake_hands().status == IoStatus::would_block);
}

TEST_CASE("tls backend: authorities that cannot be read") {
  Site site;
  conf::BackendTls tls;
  tls.ca = "/nowhere/ca.pem";
  CHECK(!site.client(tls));
  CHECK(site.diagnostics.has_errors());
  CHECK(site.diagnostics.text().find(
            "cannot use the authorities `/nowhere/ca.pem`: No such file or "
            "directory; expected a PEM file of certificates") != std::string::npos);
}

TEST_CASE("tls backend: no usable cipher") {
  Site site;
  conf::BackendTls tls;
  tls.ciphers = {conf::CipherName{"RC4", {}}};
  CHECK(!site.client(tls));
  CHECK(site.diagnostics.text() ==
        "error: `RC4` cannot be used: cipher expressions are not supported; list names such as "
        "ECDHE-RSA-AES128-GCM-SHA256\n");
}
