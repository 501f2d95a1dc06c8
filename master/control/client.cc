// See client.h.
#include "master/control/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace master::control {
namespace {

constexpr unsigned kMostDiscards = 16;

bool is_temporary(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

Client::Client(worker::net::UniqueFd connection, std::uint64_t now_ms)
    : connection_(std::move(connection)), deadline_ms_(now_ms + kLineMs) {}

Peer peer_of(int connection) {
  ucred found{};
  socklen_t size = sizeof found;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &found, &size) != 0) return {};
  return {found.uid, found.pid};
}

bool Client::read() {
  char bytes[kMostLine];
  const ssize_t size = ::recv(fd(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0) {
    if (!is_temporary(errno)) close();
    return false;
  }
  if (size == 0) {
    if (line_.is_empty()) {
      close();
    } else {
      take("usage: the line does not end with a line feed\n");
    }
    return false;
  }
  switch (line_.add({bytes, static_cast<std::size_t>(size)})) {
    case LineReader::State::incomplete:
      return false;
    case LineReader::State::too_long:
      take("usage: the line is longer than " + std::to_string(kMostLine) + " bytes\n");
      return false;
    case LineReader::State::complete:
      state_ = State::waiting;
      return true;
  }
  return false;
}

void Client::take(std::string answer) {
  if (state_ != State::reading && state_ != State::waiting) return;
  state_ = State::answering;
  deadline_ms_ = now_ms() + kAnswerMs;
  answer_ = std::move(answer);
}

void Client::write() {
  const std::size_t size = std::min(answer_.size() - sent_, kMostPerTurn);
  const ssize_t sent = ::send(fd(), answer_.data() + sent_, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) {
    if (!is_temporary(errno)) close();
    return;
  }
  sent_ += static_cast<std::size_t>(sent);
  if (sent_ < answer_.size()) return;
  discard_input();
  close();
}

// To close a socket with unread bytes would be an error to the peer, perhaps before it has read the
// answer.
void Client::discard_input() {
  char bytes[kMostLine];
  for (unsigned count = 0; count < kMostDiscards; ++count) {
    if (::recv(fd(), bytes, sizeof bytes, MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace master::control
