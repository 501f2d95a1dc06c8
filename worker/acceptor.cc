// Accepts the clients of one listener: see acceptor.h.
#include "worker/acceptor.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "worker/client_connection.h"

namespace worker {

namespace {

constexpr int kAcceptsPerTurn = 32;
constexpr int kAcceptsAtDrain = 8192;  // more than any queue holds
constexpr unsigned kRestMs = 200;

}  // namespace

Acceptor::Acceptor(WorkerContext& worker, ListenerRuntime& listener)
    : worker_(worker),
      listener_(listener),
      rest_(
          worker.loop, [](void* self) { static_cast<Acceptor*>(self)->start(); }, this) {}

bool Acceptor::start() {
  rest_.stop();
  const int yes = 1;
  // Accepted sockets inherit it: one call here instead of one for each client.
  ::setsockopt(listener_.heritage.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return event_.add_level(
      worker_.loop, listener_.heritage.socket, kReadable,
      [](void* self, short) { static_cast<Acceptor*>(self)->accept_some(kAcceptsPerTurn); }, this);
}

void Acceptor::drain() {
  accept_some(kAcceptsAtDrain);
  rest_.stop();
  event_.remove();
  ::close(listener_.heritage.socket);
}

void Acceptor::accept_some(int most) {
  for (int i = 0; i < most; ++i) {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    UniqueFd fd(::accept4(listener_.heritage.socket, reinterpret_cast<sockaddr*>(&peer.storage),
                          &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      is_short_ = false;
      worker_.adopt(
          std::make_unique<ClientConnection>(worker_, listener_, std::move(fd), host_text(peer)));
      continue;
    }
    switch (errno) {
      case EAGAIN:
        return;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return pause(errno);
      default:
        break;  // that client has gone; the next one may be well
    }
  }
}

void Acceptor::pause(int error) {
  if (!is_short_) {
    worker_.log.write(Severity::error, "listener " + listener_.name + ": cannot accept: " +
                                           std::strerror(error) + "; new clients wait");
  }
  is_short_ = true;
  event_.remove();
  rest_.start(kRestMs);
}

}  // namespace worker
