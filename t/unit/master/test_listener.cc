#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "master/listener.h"
#include "master/start_error.h"

using worker::net::SocketAddress;
using worker::net::UniqueFd;

namespace {

SocketAddress loopback(std::uint16_t port) {
  SocketAddress address;
  auto* name = reinterpret_cast<sockaddr_in*>(&address.storage);
  name->sin_family = AF_INET;
  name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name->sin_port = htons(port);
  address.size = sizeof *name;
  return address;
}

std::uint16_t port_of(const UniqueFd& socket) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.sin_port);
}

int option(const UniqueFd& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(socket.get(), level, name, &value, &size);
  return value;
}

UniqueFd connected_to(std::uint16_t port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = loopback(port);
  const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
  CHECK(::connect(socket.get(), name, address.size) == 0);
  return socket;
}

std::string refusal(std::uint16_t port) {
  try {
    master::probe_address(loopback(port));
    return "none";
  } catch (const master::StartError& error) {
    return error.what();
  }
}

master::ListeningSockets listening_on(std::uint16_t port, unsigned slots) {
  master::ListeningSockets sockets{loopback(port), {}};
  master::bind_slots(sockets, slots);
  sockets.listen();
  return sockets;
}

}  // namespace

TEST_CASE("listener: one listening socket for each slot, non-blocking and closed on exec") {
  const auto first = listening_on(0, 1);
  const std::uint16_t port = port_of(*first.all[0]);
  const auto more = listening_on(port, 3);
  REQUIRE(more.all.size() == 3);
  for (const auto& shared : more.all) {
    const UniqueFd& socket = *shared;
    CHECK(port_of(socket) == port);
    CHECK(option(socket, SOL_SOCKET, SO_REUSEPORT) == 1);
    CHECK(option(socket, SOL_SOCKET, SO_ACCEPTCONN) == 1);
    CHECK((::fcntl(socket.get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("listener: the kernel spreads clients over the slots, where they wait for a worker") {
  const auto first = listening_on(0, 1);
  const std::uint16_t port = port_of(*first.all[0]);
  const auto second = listening_on(port, 1);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(connected_to(port));
  for (const auto& sockets : {first, second}) {
    pollfd polled{sockets.all[0]->get(), POLLIN, 0};
    CHECK(::poll(&polled, 1, 5000) == 1);
  }
}

TEST_CASE("listener: an address where a socket listens is refused, with SO_REUSEPORT or without") {
  const auto sharing = listening_on(0, 1);
  const std::uint16_t port = port_of(*sharing.all[0]);
  CHECK(refusal(port) ==
        "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");

  const UniqueFd alone(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress any = loopback(0);
  REQUIRE(::bind(alone.get(), reinterpret_cast<const sockaddr*>(&any.storage), any.size) == 0);
  REQUIRE(::listen(alone.get(), 1) == 0);
  CHECK(refusal(port_of(alone)) == "cannot listen on 127.0.0.1:" + std::to_string(port_of(alone)) +
                                       ": Address already in use");
  CHECK_THROWS_AS(listening_on(port_of(alone), 1), master::StartError);
}

TEST_CASE("listener: a probe leaves no socket behind") {
  std::uint16_t port = 0;
  {
    const auto sockets = listening_on(0, 1);
    port = port_of(*sockets.all[0]);
  }
  CHECK(refusal(port) == "none");
  CHECK(refusal(port) == "none");
  CHECK_NOTHROW(listening_on(port, 2));
}

TEST_CASE("listener: a bound socket gets no client before it listens") {
  const auto serving = listening_on(0, 1);
  const std::uint16_t port = port_of(*serving.all[0]);
  master::ListeningSockets more = serving;
  more.address = loopback(port);
  master::bind_slots(more, 2);
  CHECK(more.all[0] == serving.all[0]);
  CHECK(option(*more.all[1], SOL_SOCKET, SO_ACCEPTCONN) == 0);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 16; ++i) clients.push_back(connected_to(port));
  for (int i = 0; i < 16; ++i) {
    CHECK(UniqueFd(::accept(serving.all[0]->get(), nullptr, nullptr)));
  }
}

TEST_CASE("listener: addresses that overlap") {
  SocketAddress any = loopback(80);
  reinterpret_cast<sockaddr_in*>(&any.storage)->sin_addr.s_addr = htonl(INADDR_ANY);
  SocketAddress other = loopback(80);
  reinterpret_cast<sockaddr_in*>(&other.storage)->sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  SocketAddress six;
  six.storage.ss_family = AF_INET6;
  six.size = sizeof(sockaddr_in6);
  reinterpret_cast<sockaddr_in6*>(&six.storage)->sin6_port = htons(80);
  CHECK(master::overlap(loopback(80), loopback(80)));
  CHECK(master::overlap(any, loopback(80)));
  CHECK(master::overlap(loopback(80), any));
  CHECK_FALSE(master::overlap(any, loopback(81)));
  CHECK_FALSE(master::overlap(other, loopback(80)));
  CHECK_FALSE(master::overlap(six, any));
}

TEST_CASE("listener: binds a port on which a closed connection is still in TIME_WAIT") {
  worker::net::SocketAddress address = loopback(0);
  auto* const name = reinterpret_cast<sockaddr*>(&address.storage);
  worker::net::UniqueFd before(::socket(AF_INET, SOCK_STREAM, 0));
  const int on = 1;
  REQUIRE(::setsockopt(before.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  REQUIRE(::bind(before.get(), name, address.size) == 0);
  REQUIRE(::listen(before.get(), 1) == 0);
  REQUIRE(::getsockname(before.get(), name, &address.size) == 0);
  worker::net::UniqueFd client(::socket(AF_INET, SOCK_STREAM, 0));
  REQUIRE(::connect(client.get(), name, address.size) == 0);
  worker::net::UniqueFd accepted(::accept(before.get(), nullptr, nullptr));
  REQUIRE(accepted.get() >= 0);
  before.reset();
  accepted.reset();  // the side that closes first keeps the port
  char byte = ' ';
  REQUIRE(::read(client.get(), &byte, 1) == 0);
  client.reset();
  master::ListeningSockets sockets{address, {}};
  CHECK_NOTHROW(master::bind_slots(sockets, 1));
  CHECK(sockets.all.size() == 1);
}

TEST_CASE("listener: what a worker has done to its sockets is undone, and told") {
  const master::ListeningSockets sockets = listening_on(0, 1);
  const UniqueFd& socket = *sockets.all[0];
  const std::string as_before =
      "the socket of 127.0.0.1:0 was changed by a worker and is as before again";
  CHECK(sockets.restore(true).empty());

  REQUIRE(::fcntl(socket.get(), F_SETFL, 0) == 0);
  CHECK(sockets.restore(true) == as_before);
  CHECK((::fcntl(socket.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK(sockets.restore(true).empty());

  sock_filter drop_all{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &drop_all};
  REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
  CHECK(sockets.restore(true) == as_before);
  CHECK(connected_to(port_of(socket)));
  CHECK(sockets.restore(true).empty());

  REQUIRE(::shutdown(socket.get(), SHUT_RD) == 0);
  CHECK(sockets.restore(true) == as_before);
  CHECK(connected_to(port_of(socket)));
  CHECK(sockets.restore(true).empty());

  const int on = 1;
  REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
  REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) == 0);
  CHECK(sockets.restore(true) ==
        "the socket of 127.0.0.1:0 was changed by a worker for good; restart pound");
}

TEST_CASE("listener: a socket that does not listen yet is left so") {
  master::ListeningSockets sockets{loopback(0), {}};
  master::bind_slots(sockets, 2);
  CHECK(sockets.restore(false).empty());
  CHECK(option(*sockets.all[0], SOL_SOCKET, SO_ACCEPTCONN) == 0);
}
