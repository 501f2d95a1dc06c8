// Accepts the clients of one listener: see acceptor.h.
#include "worker/client/acceptor.h"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "worker/client/client_set.h"

namespace worker::client {

namespace {

constexpr int kAcceptsPerTurn = 32;
constexpr int kAcceptsAtDrain = 8192;  // more than any queue holds
constexpr unsigned kRestMs = 200;
constexpr std::uint64_t kCalmMs = 1000;  // without a shortage, and it is over

// The kernel gives the lowest number that is free: a number tells how many are in use.
int highest_for_clients() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(limit.rlim_cur, kMost) / 4 * 3);
}

}  // namespace

Acceptor::Acceptor(Context& context, route::Listener& listener, FairShare& share, int socket,
                   shm::Slot slot, bool is_own)
    : context_(context),
      listener_(listener),
      share_(share),
      socket_(socket),
      slot_(slot),
      is_own_(is_own),
      highest_(highest_for_clients()),
      rest_(
          context.loop, [](void* self) { static_cast<Acceptor*>(self)->on_rested(); }, this) {}

bool Acceptor::start() {
  if (!is_own_) return true;
  const int yes = 1;
  // Accepted sockets inherit it: one call here instead of one for each client.
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  // By edges: a client that is left to another worker must not raise the event again and again.
  return event_.add_edge(
      context_.loop, socket_, net::kReadable,
      [](void* self, short) { static_cast<Acceptor*>(self)->accept_some(kAcceptsPerTurn, 0); },
      this);
}

void Acceptor::take_over() { accept_some(kAcceptsPerTurn, 1); }

void Acceptor::take_all() { accept_some(kAcceptsPerTurn, kAcceptsPerTurn); }

void Acceptor::look_after() {
  if (has_left_some_) take_all();
}

void Acceptor::drain() {
  if (state_ == State::resting) state_ = State::recovering;
  highest_ = std::numeric_limits<int>::max();
  accept_some(kAcceptsAtDrain, kAcceptsAtDrain);
  rest_.stop();
  event_.remove();
  ::close(socket_);
}

void Acceptor::accept_some(int most, int in_any_case) {
  if (state_ == State::resting) return;
  context_.activity.set(shm::Activity::accepting, listener_.heritage.row);
  const FairShare::Verdict verdict = share_.judge(net::EventLoop::now_ms());
  for (int i = 0; i < most; ++i) {
    if (i >= in_any_case && context_.clients.size() > verdict.clients) {
      has_left_some_ = true;
      return share_.invite(verdict.row, slot_);
    }
    net::SocketAddress peer;
    peer.size = sizeof peer.storage;
    net::UniqueFd fd(::accept4(socket_, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size,
                               SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      const int number = fd.get();
      context_.clients.adopt(std::make_unique<Http1Connection>(context_, listener_, std::move(fd),
                                                               net::host_text(peer)));
      if (number < highest_) continue;
      return pause(log::Severity::warning, "three quarters of all descriptors are in use");
    }
    switch (errno) {
      case EAGAIN:
        has_left_some_ = false;
        return;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return pause(log::Severity::error, std::string("cannot accept: ") + std::strerror(errno));
      default:
        break;  // that client has gone; the next one may be well
    }
  }
  if (!context_.clients.is_draining()) share_.invite_self(slot_);  // there may be more
}

void Acceptor::pause(log::Severity severity, const std::string& why) {
  if (state_ == State::accepting) {
    context_.log.write(severity, "listener " + listener_.name + ": " + why + "; new clients wait");
  }
  state_ = State::resting;
  has_left_some_ = true;
  short_ms_ = net::EventLoop::now_ms();
  event_.remove();
  rest_.start(kRestMs);
}

void Acceptor::on_rested() {
  if (state_ == State::resting) {
    if (start()) state_ = State::recovering;  // else at the next time
  } else if (net::EventLoop::now_ms() - short_ms_ >= kCalmMs) {
    state_ = State::accepting;
    rest_.stop();
    context_.log.write(log::Severity::notice,
                       "listener " + listener_.name + ": new clients are accepted as ever");
  }
}

}  // namespace worker::client
