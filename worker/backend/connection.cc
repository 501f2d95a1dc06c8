// One connection to a backend: see connection.h.
#include "worker/backend/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "worker/backend/addresses.h"

namespace worker::backend {

namespace {

constexpr unsigned kTryAgainMs = 10;

// 0, or the errno.
int connect_socket(const net::UniqueFd& fd, const net::SocketAddress& address) {
  const auto* const name = reinterpret_cast<const sockaddr*>(&address.storage);
  return ::connect(fd.get(), name, address.size) == 0 ? 0 : errno;
}

}  // namespace

// A connect to a Unix socket whose queue is full, and how it has ended.
struct UpstreamConnection::Waiting {
  Waiting(UpstreamConnection& owner, net::UniqueFd socket, const net::SocketAddress& to)
      : fd(std::move(socket)),
        address(to),
        timer(
            owner.loop_, [](void* self) { static_cast<UpstreamConnection*>(self)->try_again(); },
            &owner) {
    timer.start(kTryAgainMs);
  }

  net::UniqueFd fd;
  net::SocketAddress address;
  net::Timer timer;
  int error = 0;
};

UpstreamConnection::UpstreamConnection(net::EventLoop& loop)
    : loop_(loop),
      deadline_(
          [](void* self) {
            auto* const upstream = static_cast<UpstreamConnection*>(self);
            upstream->user_->on_upstream_deadline(*upstream);
          },
          this) {}

UpstreamConnection::~UpstreamConnection() = default;

int UpstreamConnection::connect(const net::SocketAddress& address) {
  net::UniqueFd fd(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  if (!net::is_unix(address)) {
    const int yes = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  address_ = key_of(address);
  const int error = connect_socket(fd, address);
  if (error == EAGAIN && net::is_unix(address)) {
    waiting_ = std::make_unique<Waiting>(*this, std::move(fd), address);
    state_ = State::waiting;
    return 0;
  }
  if (error != 0 && error != EINPROGRESS) return error;
  state_ = error == 0 ? State::connected : State::connecting;
  return use(std::move(fd));
}

int UpstreamConnection::use(net::UniqueFd fd) {
  endpoint_.adopt(std::move(fd));
  const auto callback = [](void* self, short what) {
    static_cast<UpstreamConnection*>(self)->on_event(what);
  };
  if (!endpoint_.watch(loop_, callback, this)) return ENOMEM;
  return connecting() && !endpoint_.want_write(true) ? ENOMEM : 0;
}

void UpstreamConnection::try_again() {
  int error = connect_socket(waiting_->fd, waiting_->address);
  if (error == EAGAIN) return;
  waiting_->timer.stop();
  state_ = State::connected;
  if (error == 0) error = use(std::move(waiting_->fd));
  waiting_->error = error;
  user_->on_upstream_event(*this);
}

int UpstreamConnection::connect_result() {
  if (state_ == State::waiting) return EINPROGRESS;
  if (waiting_) return waiting_->error;
  const int error = stream().pending_error();
  if (error != 0) return error;
  // An event may precede the end of the connect, because an edge-triggered registration reports the
  // present state once. Only a connected socket has a peer.
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(stream().fd(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return errno == ENOTCONN ? EINPROGRESS : errno;
  }
  state_ = State::connected;
  endpoint_.want_write(false);
  return 0;
}

// Fits into the empty buffer of a new connection. If it does not, the backend must not take what
// follows for the rest of it.
void UpstreamConnection::announce(std::string header) {
  announced = std::move(header);
  iovec piece{announced.data(), announced.size()};
  const tls::IoResult sent = stream().write(&piece, 1, true);
  if (sent.status == tls::IoStatus::ok && sent.size != announced.size()) stream().shutdown_write();
}

bool UpstreamConnection::is_quiet() {
  if (!stream().has_input()) return true;
  if (stream().tls() == nullptr) return false;
  char byte;
  return endpoint_.read(&byte, 1).status == tls::IoStatus::would_block;
}

void UpstreamConnection::close() {
  if (waiting_) waiting_->timer.stop();
  endpoint_.close();
  deadline_.stop();
}

void UpstreamConnection::on_event(short what) {
  if (endpoint_.take_event(what) != 0) user_->on_upstream_event(*this);
}

}  // namespace worker::backend
