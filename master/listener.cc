// See listener.h.
#include "master/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "master/start_error.h"

namespace master {
namespace {

constexpr std::uint16_t kFirstOpenPort = 1024;  // the kernel's default: below it, rights are needed

[[noreturn]] void refuse(const worker::net::SocketAddress& address, int error) {
  const std::string what = "cannot listen on " + worker::net::host_port_text(address);
  const bool is_reserved = worker::net::port_of(address) < kFirstOpenPort;
  if (error != EACCES || !is_reserved) throw StartError(what, error);
  throw StartError(what + ": " + std::strerror(error) +
                   "; a port below 1024 needs root or the capability CAP_NET_BIND_SERVICE");
}

void switch_on(const worker::net::UniqueFd& socket, int level, int option,
               const worker::net::SocketAddress& address) {
  const int on = 1;
  if (::setsockopt(socket.get(), level, option, &on, sizeof on) != 0) refuse(address, errno);
}

worker::net::UniqueFd bound_socket(const worker::net::SocketAddress& address, bool shared) {
  const int family = address.storage.ss_family;
  worker::net::UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) refuse(address, errno);
  switch_on(socket, SOL_SOCKET, SO_REUSEADDR, address);
  if (family == AF_INET6) switch_on(socket, IPPROTO_IPV6, IPV6_V6ONLY, address);
  if (shared) switch_on(socket, SOL_SOCKET, SO_REUSEPORT, address);
  const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::bind(socket.get(), name, address.size) != 0) refuse(address, errno);
  return socket;
}

void bind_path(ListeningSockets& sockets) {
  worker::net::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) refuse(sockets.address, errno);
  sockets.file = std::make_shared<const SocketFile>(host_text(sockets.address), socket.get(),
                                                    sockets.access.group);
  sockets.all.push_back(std::make_shared<const worker::net::UniqueFd>(std::move(socket)));
}

// A Unix socket that was shut down still counts as listening, and cannot be repaired.
bool was_shut_down(int fd) {
  pollfd state{fd, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP)) != 0;
}

}  // namespace

void probe_address(const worker::net::SocketAddress& address) {
  if (worker::net::is_unix(address)) return SocketFile::probe(host_text(address));
  // To bind is enough: without SO_REUSEPORT that fails beside any listening socket. To listen as
  // well would reset clients that happen to connect before this socket is closed.
  bound_socket(address, false);
}

void bind_slots(ListeningSockets& sockets, unsigned slots) {
  if (sockets.is_shared()) {
    if (sockets.all.empty()) bind_path(sockets);
    return;
  }
  while (sockets.all.size() < slots) {
    sockets.all.push_back(
        std::make_shared<const worker::net::UniqueFd>(bound_socket(sockets.address, true)));
  }
}

void ListeningSockets::listen() const {
  if (file) file->allow(access);
  for (const auto& socket : all) {
    if (::listen(socket->get(), kBacklog) != 0) refuse(address, errno);
  }
}

std::string ListeningSockets::restore(bool is_listening) const {
  bool was_changed = false;
  bool is_broken = false;
  for (const auto& socket : all) {
    const int fd = socket->get();
    const int flags = ::fcntl(fd, F_GETFL);
    if ((flags & O_NONBLOCK) == 0) {
      was_changed = true;
      is_broken |= ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0;
    }
    for (const int filter : {SO_DETACH_FILTER, SO_DETACH_REUSEPORT_BPF}) {
      const bool is_removed = ::setsockopt(fd, SOL_SOCKET, filter, &filter, sizeof filter) == 0;
      was_changed |= is_removed;
      is_broken |= !is_removed && errno == EPERM;  // locked in place
    }
    int listens = 0;
    socklen_t size = sizeof listens;
    ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
    if (is_listening && worker::net::is_unix(address) && was_shut_down(fd)) {
      is_broken = true;
      continue;
    }
    if (!is_listening || listens != 0) continue;
    was_changed = true;
    is_broken |= ::listen(fd, kBacklog) != 0;
  }
  const std::string what = "the socket of " + worker::net::host_port_text(address);
  if (is_broken) return what + " was changed by a worker for good; restart pound";
  return was_changed ? what + " was changed by a worker and is as before again" : "";
}

bool same_address(const worker::net::SocketAddress& one, const worker::net::SocketAddress& other) {
  return host_port_text(one) == host_port_text(other);
}

bool overlap(const worker::net::SocketAddress& one, const worker::net::SocketAddress& other) {
  return one.storage.ss_family == other.storage.ss_family && port_of(one) == port_of(other) &&
         (is_wildcard(one) || is_wildcard(other) || same_address(one, other));
}

}  // namespace master
