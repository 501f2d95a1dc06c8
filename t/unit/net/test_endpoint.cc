#include <doctest/doctest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "t/unit/net/await.h"
#include "t/unit/net/sink.h"
#include "t/unit/tls/harness.h"
#include "worker/net/endpoint.h"

namespace {

using net_test::await;
using worker::net::Endpoint;
using worker::net::kReadable;
using worker::net::kWritable;
using worker::tls::IoResult;
using worker::tls::IoStatus;

// An endpoint in a loop, and the number of events that its owner got.
struct Watched {
  explicit Watched(worker::net::Stream stream) {
    endpoint.stream() = std::move(stream);
    REQUIRE(endpoint.watch(loop, &Watched::on_event, this));
  }
  static void on_event(void* self, short what) {
    auto* const me = static_cast<Watched*>(self);
    ++me->events;
    const short left = me->endpoint.take_event(what);
    CHECK((left & ~(kReadable | kWritable)) == 0);
    if ((left & kReadable) != 0) ++me->readables;
    if ((left & kWritable) != 0) ++me->writables;
  }
  IoResult read(std::size_t size) {
    const IoResult result = endpoint.read(room.data(), size);
    text.assign(room.data(), result.size);
    return result;
  }
  void fill() {
    const std::string block(65536, 'x');
    const iovec piece{const_cast<char*>(block.data()), block.size()};
    while (endpoint.stream().write(&piece, 1).status == IoStatus::ok) {
    }
  }

  worker::net::EventLoop loop;
  Endpoint endpoint;
  int events = 0;
  int readables = 0;
  int writables = 0;
  std::array<char, 4096> room;
  std::string text;  // of the last read
};

struct PlainPair {
  PlainPair() {
    net_test::Sink sink;
    far_end = std::move(sink.far_end);
    near = std::make_unique<Watched>(std::move(sink.stream));
  }
  void write(std::string_view bytes) const {
    REQUIRE(::write(far_end.get(), bytes.data(), bytes.size()) ==
            static_cast<ssize_t>(bytes.size()));
  }
  std::unique_ptr<Watched> near;
  worker::net::UniqueFd far_end;
};

}  // namespace

TEST_CASE("endpoint: bytes make it readable until mark_drained follows a short read") {
  PlainPair pair;
  Watched& near = *pair.near;
  CHECK(!near.endpoint.readable());
  pair.write("abc");
  CHECK(await(near.loop, [&] { return near.readables == 1; }));
  CHECK(near.endpoint.readable());
  CHECK(near.read(2).size == 2);
  CHECK(near.endpoint.readable());
  const IoResult result = near.read(64);
  CHECK(result.status == IoStatus::ok);
  CHECK(near.text == "c");
  CHECK(result.drained);
  CHECK(near.endpoint.readable());
  near.endpoint.mark_drained();
  CHECK(!near.endpoint.readable());
  CHECK(!near.endpoint.peer_closed());
  pair.write("d");
  CHECK(await(near.loop, [&] { return near.readables == 2; }));
  CHECK(near.endpoint.readable());
}

TEST_CASE("endpoint: a read that finds nothing makes it unreadable") {
  PlainPair pair;
  Watched& near = *pair.near;
  near.endpoint.mark_readable();
  CHECK(near.endpoint.readable());
  CHECK(near.read(64).status == IoStatus::would_block);
  CHECK(!near.endpoint.readable());
}

TEST_CASE("endpoint: it stays readable while a reported end of stream is unread") {
  PlainPair pair;
  Watched& near = *pair.near;
  pair.write("abc");
  REQUIRE(::shutdown(pair.far_end.get(), SHUT_WR) == 0);
  CHECK(await(near.loop, [&] { return near.endpoint.peer_closed(); }));
  CHECK(near.endpoint.readable());
  CHECK(near.read(64).size == 3);
  near.endpoint.mark_drained();
  CHECK(near.endpoint.readable());
  CHECK(near.read(64).status == IoStatus::closed);
  CHECK(!near.endpoint.readable());
  CHECK(near.endpoint.peer_closed());
}

TEST_CASE("endpoint: kWritable reaches the owner only while want_write is on") {
  PlainPair pair;
  Watched& near = *pair.near;
  net_test::turn(near.loop);
  CHECK(near.writables == 0);
  near.fill();
  CHECK(near.endpoint.want_write(true));
  CHECK(near.endpoint.wants_write());
  net_test::turn(near.loop);
  CHECK(near.writables == 0);
  net_test::read_all(pair.far_end.get());
  CHECK(await(near.loop, [&] { return near.writables == 1; }));
  CHECK(near.endpoint.want_write(false));
  CHECK(!near.endpoint.wants_write());
  near.fill();
  net_test::read_all(pair.far_end.get());
  net_test::turn(near.loop);
  CHECK(near.writables == 1);
  // A new registration reports the present state once.
  CHECK(near.endpoint.want_write(true));
  CHECK(near.endpoint.want_write(true));
  CHECK(await(near.loop, [&] { return near.writables == 2; }));
  net_test::turn(near.loop);
  CHECK(near.writables == 2);
}

TEST_CASE("endpoint: reschedule calls the owner back without a new event") {
  PlainPair pair;
  Watched& near = *pair.near;
  pair.write("abc");
  CHECK(await(near.loop, [&] { return near.readables == 1; }));
  net_test::turn(near.loop);
  CHECK(near.readables == 1);
  near.endpoint.reschedule();
  CHECK(await(near.loop, [&] { return near.readables == 2; }));
}

TEST_CASE("endpoint: close ends all callbacks, and the peer sees the end of stream") {
  PlainPair pair;
  Watched& near = *pair.near;
  near.endpoint.want_write(true);
  near.endpoint.reschedule();
  near.endpoint.close();
  CHECK(near.endpoint.stream().fd() == -1);
  net_test::turn(near.loop);
  CHECK(near.events == 0);
  bool ended = false;
  net_test::read_all(pair.far_end.get(), &ended);
  CHECK(ended);
}

TEST_CASE("endpoint: watch and want_write report a descriptor that epoll refuses") {
  worker::net::EventLoop loop;
  Endpoint endpoint(worker::net::UniqueFd(::memfd_create("no socket", MFD_CLOEXEC)));
  CHECK(!endpoint.watch(
      loop, [](void*, short) {}, nullptr));
  CHECK(!endpoint.want_write(true));
}

namespace {

std::shared_ptr<worker::tls::Context> some_context() {
  const Folder folder;
  conf::Tls tls;
  tls.certificates = {{folder.write("a.pem", tls_test::simple_pem("a.test")), {}}};
  conf::Diagnostics diagnostics;
  return tls_test::make_context(tls, diagnostics);
}

}  // namespace

TEST_CASE("endpoint: output of TLS waits for room without a request from the owner") {
  const auto context = some_context();
  tls_test::Pair pair(*context);
  Watched near(std::move(pair.server));
  // The socket is full before the handshake begins.
  const std::string block(65536, 'x');
  std::size_t filled = 0;
  ssize_t n;
  while ((n = ::send(near.endpoint.stream().fd(), block.data(), block.size(), 0)) > 0) {
    filled += static_cast<std::size_t>(n);
  }
  // The client sends its hello. It cannot see the bytes that fill the socket.
  SSL* const client = pair.make_client("a.test");
  BIO* const nothing = BIO_new(BIO_s_mem());
  BIO_ctrl(nothing, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nullptr);
  SSL_set0_rbio(client, nothing);
  CHECK(SSL_connect(client) != 1);
  CHECK(await(near.loop, [&] { return near.readables == 1; }));
  CHECK(near.read(64).status == IoStatus::would_block);
  CHECK(near.endpoint.stream().tls()->must_flush());
  CHECK(!near.endpoint.wants_write());
  CHECK(!near.endpoint.readable());

  // The socket has room: TLS sends its records, and the owner reads again.
  while (filled != 0) {
    std::string part(std::min<std::size_t>(filled, 65536), ' ');
    const ssize_t got = ::recv(pair.client_socket.get(), part.data(), part.size(), 0);
    REQUIRE(got > 0);
    filled -= static_cast<std::size_t>(got);
  }
  CHECK(await(near.loop, [&] { return near.readables == 2; }));
  CHECK(near.writables == 0);
  CHECK(near.endpoint.readable());
  CHECK(!near.endpoint.stream().tls()->must_flush());
  SSL_set0_rbio(client, BIO_new_socket(pair.client_socket.get(), BIO_NOCLOSE));
  ERR_clear_error();
  CHECK(SSL_connect(client) == 1);
  CHECK(SSL_write(client, "hello", 5) == 5);
  CHECK(await(near.loop, [&] { return near.read(64).status == IoStatus::ok; }));
  CHECK(near.text == "hello");

  // Nobody waits for room any more.
  const int events = near.events;
  while (::send(near.endpoint.stream().fd(), block.data(), block.size(), 0) > 0) continue;
  net_test::read_all(pair.client_socket.get());
  net_test::turn(near.loop);
  CHECK(near.events == events);
}

TEST_CASE("endpoint: one read over TLS gets past a partial record to the end of stream") {
  const auto context = some_context();
  tls_test::Pair pair(*context);
  REQUIRE(pair.shake_hands("a.test"));
  Watched near(std::move(pair.server));
  REQUIRE(::send(pair.client_socket.get(), "\x17\x03\x03\x01\x00zz", 7, 0) == 7);
  REQUIRE(::shutdown(pair.client_socket.get(), SHUT_WR) == 0);
  CHECK(await(near.loop, [&] { return near.endpoint.peer_closed(); }));
  const IoResult result = near.read(64);
  CHECK(result.status != IoStatus::ok);
  CHECK(result.status != IoStatus::would_block);
}
