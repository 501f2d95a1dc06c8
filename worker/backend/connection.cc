// One connection to a backend: see connection.h.
#include "worker/backend/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "worker/backend/addresses.h"

namespace worker::backend {

UpstreamConnection::UpstreamConnection(net::EventLoop& loop)
    : loop_(loop),
      deadline_(
          [](void* self) {
            auto* const upstream = static_cast<UpstreamConnection*>(self);
            upstream->user_->on_upstream_deadline(*upstream);
          },
          this) {}

int UpstreamConnection::connect(const net::SocketAddress& address) {
  net::UniqueFd fd(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  const int yes = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const int result =
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size);
  if (result != 0 && errno != EINPROGRESS) return errno;
  address_ = key_of(address);
  connecting_ = result != 0;
  endpoint_.adopt(std::move(fd));
  const auto callback = [](void* self, short what) {
    static_cast<UpstreamConnection*>(self)->on_event(what);
  };
  if (!endpoint_.watch(loop_, callback, this)) return ENOMEM;
  return connecting_ && !endpoint_.want_write(true) ? ENOMEM : 0;
}

int UpstreamConnection::connect_result() {
  const int error = stream().pending_error();
  if (error != 0) return error;
  // An event may precede the end of the connect, because an edge-triggered registration reports the
  // present state once. Only a connected socket has a peer.
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(stream().fd(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return errno == ENOTCONN ? EINPROGRESS : errno;
  }
  connecting_ = false;
  endpoint_.want_write(false);
  return 0;
}

bool UpstreamConnection::is_quiet() {
  if (!stream().has_input()) return true;
  if (stream().tls() == nullptr) return false;
  char byte;
  return endpoint_.read(&byte, 1).status == tls::IoStatus::would_block;
}

void UpstreamConnection::close() {
  endpoint_.close();
  deadline_.stop();
}

void UpstreamConnection::on_event(short what) {
  if (endpoint_.take_event(what) != 0) user_->on_upstream_event(*this);
}

}  // namespace worker::backend
