// One byte stream over a connected socket: see stream.h.
#include "worker/stream.h"

#include <sys/socket.h>

#include <cerrno>

namespace worker {

namespace {

IoResult failure() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::would_block};
  return {IoStatus::failed, 0, errno};
}

}  // namespace

IoResult Stream::read(char* buffer, std::size_t size) {
  if (tls_) return tls_->read(buffer, size);
  ssize_t n;
  do {
    n = ::recv(socket_.get(), buffer, size, 0);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    const auto moved = static_cast<std::size_t>(n);
    return {IoStatus::ok, moved, 0, moved < size};
  }
  if (n == 0) return {IoStatus::closed};
  return failure();
}

IoResult Stream::write(const iovec* pieces, int count) {
  if (tls_) return tls_->write(pieces, count);
  ssize_t n;
  do {
    n = ::writev(socket_.get(), pieces, count);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return {IoStatus::ok, static_cast<std::size_t>(n)};
  return failure();
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

bool Stream::secure(TlsContext& context) {
  tls_ = TlsSession::make(context, socket_.get());
  return tls_ != nullptr;
}

void Stream::abort() {
  tls_.reset();  // a truncation must not be announced as an end
  const linger reset{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

bool Stream::has_failed() const {
  char byte;
  return ::recv(socket_.get(), &byte, 1, MSG_PEEK) < 0 && errno != EAGAIN && errno != EINTR;
}

int Stream::pending_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace worker
