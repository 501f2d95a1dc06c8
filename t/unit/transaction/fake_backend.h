// A backend that a test scripts: a listening socket on the loopback, and its connections.
//
// Everything is non-blocking and happens in poll(), which a test calls while it turns the loop of
// the code under test.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "worker/net/address.h"
#include "worker/net/unique_fd.h"

namespace transaction_test {

class FakeBackend {
 public:
  enum class Mode {
    listening,
    refusing,  // the socket is bound, but does not listen
    deaf,      // no connection is ever established
  };

  explicit FakeBackend(Mode mode = Mode::listening)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    auto* const in = reinterpret_cast<sockaddr_in*>(&address_.storage);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address_.size = sizeof(sockaddr_in);
    REQUIRE(::bind(socket_.get(), generic(), address_.size) == 0);
    REQUIRE(::getsockname(socket_.get(), generic(), &address_.size) == 0);
    if (mode != Mode::refusing) REQUIRE(::listen(socket_.get(), 0) == 0);
    if (mode == Mode::listening) REQUIRE(::listen(socket_.get(), 128) == 0);
    if (mode == Mode::deaf) fill_queue();
  }

  const worker::net::SocketAddress& address() const { return address_; }
  std::uint16_t port() const { return worker::net::port_of(address_); }

  // The next connection, for a test that plays the server itself.
  worker::net::UniqueFd take() {
    worker::net::UniqueFd fd(
        ::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    REQUIRE(fd);
    return fd;
  }

  // Accepts all connections and reads all bytes that are there.
  void poll() {
    if (fillers_.empty()) {
      int fd;
      while ((fd = ::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        connections_.emplace_back(worker::net::UniqueFd(fd));
      }
    }
    for (Connection& one : connections_) one.read();
  }

  std::size_t connections() const { return connections_.size(); }
  // All bytes from the i-th connection so far; "" when there is no such connection yet.
  std::string_view received(std::size_t i = 0) const {
    return i < connections_.size() ? std::string_view(connections_[i].received) : "";
  }
  bool has_head(std::size_t i = 0) const {
    return received(i).find("\r\n\r\n") != std::string_view::npos;
  }
  // Pound has closed the i-th connection, or its own direction of it.
  bool is_closed(std::size_t i = 0) const {
    return i < connections_.size() && connections_[i].has_ended;
  }

  void sends(std::string_view bytes, std::size_t i = 0) {
    REQUIRE(i < connections_.size());
    REQUIRE(::send(connections_[i].fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  // As many bytes as the socket takes now.
  std::size_t sends_some(std::string_view bytes, std::size_t i = 0) {
    const ssize_t n = ::send(connections_.at(i).fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  // Listens no more: further connects are refused.
  void refuses() { REQUIRE(::shutdown(socket_.get(), SHUT_RDWR) == 0); }
  void ends_output(std::size_t i = 0) {
    REQUIRE(::shutdown(connections_.at(i).fd.get(), SHUT_WR) == 0);
  }
  void closes(std::size_t i = 0) { connections_.at(i).fd.reset(); }
  void resets(std::size_t i = 0) {
    const linger now{1, 0};
    ::setsockopt(connections_.at(i).fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    closes(i);
  }
  // Reads nothing from now on, so that the sender's socket fills.
  void stops_reading(std::size_t i = 0) { connections_.at(i).reads = false; }
  void reads_again(std::size_t i = 0) { connections_.at(i).reads = true; }
  void stops_listening() { socket_.reset(); }

 private:
  struct Connection {
    explicit Connection(worker::net::UniqueFd socket) : fd(std::move(socket)) {}
    void read() {
      std::array<char, 65536> part;
      while (fd && reads && !has_ended) {
        const ssize_t n = ::read(fd.get(), part.data(), part.size());
        if (n > 0) {
          received.append(part.data(), static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EAGAIN) {
          has_ended = true;
        } else {
          return;
        }
      }
    }
    worker::net::UniqueFd fd;
    std::string received;
    bool has_ended = false;
    bool reads = true;
  };

  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_.storage); }
  // The kernel drops the handshakes of further clients once its queue is full.
  void fill_queue() {
    for (int i = 0; i < 16; ++i) {
      fillers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (::connect(fillers_.back().get(), generic(), address_.size) != 0) {
        REQUIRE(errno == EINPROGRESS);
        return;
      }
    }
    FAIL("the queue of a listening socket never fills");
  }

  worker::net::SocketAddress address_;
  worker::net::UniqueFd socket_;
  std::vector<worker::net::UniqueFd> fillers_;
  std::vector<Connection> connections_;
};

}  // namespace transaction_test
