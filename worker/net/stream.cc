// A byte stream over a connected socket: see stream.h.
#include "worker/net/stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace worker::net {

namespace {

tls::IoResult failure() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {tls::IoStatus::would_block};
  return {tls::IoStatus::failed, 0, errno};
}

tls::IoResult receive(int socket, char* buffer, std::size_t size, int flags) {
  ssize_t n;
  do {
    n = ::recv(socket, buffer, size, flags);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    const auto moved = static_cast<std::size_t>(n);
    return {tls::IoStatus::ok, moved, 0, moved < size};
  }
  if (n == 0) return {tls::IoStatus::closed};
  return failure();
}

// Up to this many bytes, one copy is cheaper than passing a list of pieces to the kernel.
constexpr std::size_t kGathered = 4096;

// Copies all pieces to `room` and returns them as one; returns nothing when they do not fit.
std::string_view gather(const iovec* pieces, int count, char* room) {
  std::size_t size = 0;
  for (int i = 0; i < count; ++i) {
    if (pieces[i].iov_len > kGathered - size) return {};
    std::memcpy(room + size, pieces[i].iov_base, pieces[i].iov_len);
    size += pieces[i].iov_len;
  }
  return {room, size};
}

}  // namespace

tls::IoResult Stream::read(char* buffer, std::size_t size) {
  const tls::IoResult result =
      tls_ ? tls_->read(buffer, size) : receive(socket_.get(), buffer, size, 0);
  if (counted_ != nullptr) shm::add_to(counted_->in, result.size);
  return result;
}

tls::IoResult Stream::peek(char* buffer, std::size_t size) const {
  return receive(socket_.get(), buffer, size, MSG_PEEK);
}

tls::IoResult Stream::write(const iovec* pieces, int count, bool is_last) {
  const tls::IoResult result = send(pieces, count, is_last);
  if (counted_ != nullptr) shm::add_to(counted_->out, result.size);
  return result;
}

tls::IoResult Stream::send(const iovec* pieces, int count, bool is_last) {
  if (tls_) return tls_->write(pieces, count, is_last);
  const int flags = MSG_NOSIGNAL | (is_last ? MSG_MORE : 0);
  char gathered[kGathered];
  std::string_view one;
  if (count == 1) {
    one = {static_cast<const char*>(pieces->iov_base), pieces->iov_len};
  } else {
    one = gather(pieces, count, gathered);
  }
  ssize_t n;
  do {
    if (one.empty()) {
      msghdr message{};
      // sendmsg does not change the pieces, but msghdr has no const form.
      message.msg_iov = const_cast<iovec*>(pieces);
      message.msg_iovlen = static_cast<std::size_t>(count);
      n = ::sendmsg(socket_.get(), &message, flags);
    } else {
      n = ::send(socket_.get(), one.data(), one.size(), flags);
    }
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return {tls::IoStatus::ok, static_cast<std::size_t>(n)};
  return failure();
}

void Stream::probe_peer() {
  const auto set = [this](int level, int option, int value) {
    ::setsockopt(socket_.get(), level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_KEEPIDLE, kProbeAfterS);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kProbeEveryS);
  set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
}

void Stream::shutdown_write() {
  if (tls_) tls_->close_notify();
  ::shutdown(socket_.get(), SHUT_WR);
}

void Stream::close() {
  if (tls_) tls_->close_notify();
  tls_.reset();
  socket_.reset();
}

void Stream::secure(tls::SessionGroup& group) {
  tls_ = std::make_unique<tls::Session>(group, socket_.get());
}

void Stream::abort() {
  tls_.reset();  // sends no close_notify: the peer must see a truncation
  const linger reset{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

bool Stream::has_failed() const {
  char byte;
  return ::recv(socket_.get(), &byte, 1, MSG_PEEK) < 0 && errno != EAGAIN && errno != EINTR;
}

std::size_t Stream::unsent() const {
  int queued = 0;
  if (::ioctl(socket_.get(), SIOCOUTQ, &queued) != 0) queued = 0;
  return static_cast<std::size_t>(queued) + (tls_ ? tls_->waiting() : 0);
}

bool Stream::has_input() const {
  char byte;
  const ssize_t n = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

int Stream::pending_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace worker::net
