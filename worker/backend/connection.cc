// One live connection to a backend: see upstream_connection.h.
#include "worker/backend/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

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
  connecting_ = result != 0;
  stream_ = net::Stream(std::move(fd));
  const auto callback = [](void* self, short what) {
    static_cast<UpstreamConnection*>(self)->on_event(what);
  };
  if (!event_.add_edge(loop_, stream_.fd(), net::kReadable | net::kPeerClosed, callback, this))
    return ENOMEM;
  if (connecting_) want_write(true);
  return connecting_ && !write_event_.added() ? ENOMEM : 0;
}

int UpstreamConnection::connect_result() {
  const int error = stream_.pending_error();
  if (error != 0) return error;
  // An event may also come before the connection stands (edge-triggered registration reports the
  // present state once); only a connected socket has a peer.
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(stream_.fd(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return errno == ENOTCONN ? EINPROGRESS : errno;
  }
  connecting_ = false;
  want_write(false);
  return 0;
}

tls::IoResult UpstreamConnection::read(char* buffer, std::size_t size) {
  const tls::IoResult result = stream_.read(buffer, size);
  if (result.status != tls::IoStatus::ok) readable_ = false;
  return result;
}

void UpstreamConnection::want_write(bool wanted) {
  if (!wanted) {
    write_event_.remove();
  } else if (!write_event_.added()) {
    write_event_.add_edge(
        loop_, stream_.fd(), net::kWritable,
        [](void* self, short) {
          auto* const upstream = static_cast<UpstreamConnection*>(self);
          upstream->user_->on_upstream_event(*upstream);
        },
        this);
  }
}

void UpstreamConnection::close() {
  write_event_.remove();
  event_.remove();
  deadline_.stop();
  stream_.close();
}

void UpstreamConnection::on_event(short what) {
  readable_ = true;
  if ((what & net::kPeerClosed) != 0) peer_closed_ = true;
  user_->on_upstream_event(*this);
}

}  // namespace worker::backend
