// Client connections of a worker, without the process. A test reads and writes the client's end of
// each TCP connection.
#pragma once

#include <sys/ioctl.h>

#include "t/unit/transaction/harness.h"
#include "worker/client/client_set.h"
#include "worker/client/context.h"
#include "worker/client/exchange_pool.h"
#include "worker/client/http1_connection.h"
#include "worker/client/http2_connection.h"

namespace client_test {

using namespace transaction_test;
using worker::client::ClientSet;
using worker::net::UniqueFd;

// The client's end.
struct Peer {
  explicit Peer(UniqueFd socket) : fd(std::move(socket)) {}
  void poll() {
    std::array<char, 65536> part;
    while (fd && reads && !has_ended) {
      const ssize_t n = ::read(fd.get(), part.data(), part.size());
      if (n > 0) {
        received.append(part.data(), static_cast<std::size_t>(n));
      } else if (n == 0 || errno != EAGAIN) {
        has_ended = true;
        was_reset = n < 0;
      } else {
        return;
      }
    }
  }
  void sends(std::string_view bytes) const {
    REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  void ends_output() const { REQUIRE(::shutdown(fd.get(), SHUT_WR) == 0); }
  void closes() { fd.reset(); }
  void resets() {
    const linger now{1, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    closes();
  }
  UniqueFd fd;
  std::string received;
  bool has_ended = false;
  bool was_reset = false;
  bool reads = true;
};

class ClientWorld {
 public:
  explicit ClientWorld(const Setup& setup = {}) : world(setup) {
    context.wall_clock = nullptr;
    world.loop.before_wait([](void* self) { static_cast<ClientWorld*>(self)->end_turn(); }, this);
  }
  ~ClientWorld() { clients.cut_off("the test is over"); }
  ClientWorld(const ClientWorld&) = delete;
  ClientWorld& operator=(const ClientWorld&) = delete;

  static worker::client::Peer peer() { return {.ip = "192.0.2.7", .is_trusted = false}; }
  Peer& connect() {
    return connect([&](UniqueFd socket) {
      return std::make_unique<worker::client::Http1Connection>(
          context, *world.listener, worker::net::Stream(std::move(socket)), peer());
    });
  }
  // A client that has sent `first`, by which it is known to speak HTTP/2.
  Peer& connect_http2(std::string_view first) {
    return connect([&](UniqueFd socket) {
      return std::make_unique<worker::client::Http2Connection>(
          context, *world.listener, worker::net::Stream(std::move(socket)), peer(), first);
    });
  }

  template <class Make>
  Peer& connect(const Make& make) {
    sockaddr_storage address = listening_.address().storage;
    UniqueFd near(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(near.get(), reinterpret_cast<sockaddr*>(&address),
                      listening_.address().size) == 0);
    UniqueFd far = listening_.take();
    clients.adopt(make(std::move(far)));
    const int yes = 1;
    REQUIRE(::ioctl(near.get(), FIONBIO, &yes) == 0);
    peers_.push_back(std::make_unique<Peer>(std::move(near)));
    return *peers_.back();
  }

  template <class Condition>
  bool until(Condition holds) {
    return world.until([&] {
      for (const auto& peer : peers_) peer->poll();
      return holds();
    });
  }
  void turn(int turns = 3) {
    until([&] { return turns-- <= 0; });
  }
  bool until_received(const Peer& peer, std::string_view bytes) {
    const bool is_there = until([&] { return peer.received.size() >= bytes.size(); });
    CHECK(peer.received == bytes);
    return is_there;
  }
  bool until_end(const Peer& peer) {
    return until([&] { return peer.has_ended; });
  }
  // Until the backend has `count` heads of GET requests on its i-th connection; then it answers the
  // last one.
  void answer(std::string_view response = kOk, std::size_t count = 1, std::size_t i = 0) {
    REQUIRE(until([&] { return heads(world.fakes[0]->received(i)) == count; }));
    world.fakes[0]->sends(response, i);
  }
  std::vector<std::string> records() { return world.records(); }

  World world;
  worker::client::ExchangePool<worker::client::Http1Exchange> exchanges{world.context};
  worker::client::ExchangePool<worker::client::Http2Exchange> http2_exchanges{world.context};
  ClientSet clients{world.loop, world.segment.workers(), world.row, world.segment.standby()};
  worker::client::Context context{world.loop,       world.deadlines, clients,      exchanges,
                                  http2_exchanges,  world.budget,    world.buffer, world.log,
                                  world.access_log, world.activity};

 private:
  void end_turn() { context.flushes.run(); }

  static std::size_t heads(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("\r\n\r\n", at)) != std::string_view::npos; at += 4) {
      ++count;
    }
    return count;
  }

  FakeBackend listening_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

inline constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
// The client's view of kOk.
inline const std::string kOkHere =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Backend: b1\r\n\r\nhello";
inline const std::string kOkAndClose =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\nX-Backend: b1\r\n\r\nhello";
inline const std::string kServed = R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)";

}  // namespace client_test
