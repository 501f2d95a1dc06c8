// Accepts the clients of one listening socket: see acceptor.h.
#include "worker/client/acceptor.h"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "conf/address.h"
#include "worker/client/client_set.h"
#include "worker/client/http1_connection.h"
#include "worker/client/proxied_connection.h"

namespace worker::client {

namespace {

constexpr int kAcceptsPerTurn = 32;
constexpr int kAcceptsAtDrain = 8192;  // more than any queue holds
constexpr unsigned kRestMs = 200;
constexpr std::uint64_t kCalmMs = 1000;  // a shortage ends after so long without a failure

// The kernel assigns the lowest free descriptor, so the number of a new one tells how many are in
// use. Returns three quarters of the limit.
int highest_for_clients() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(limit.rlim_cur, kMost) / 4 * 3);
}

}  // namespace

Acceptor::Acceptor(Context& context, route::Listener& listener, FairShare& share,
                   const route::ListeningSocket& socket, bool is_own)
    : context_(context),
      listener_(listener),
      share_(share),
      socket_(socket.fd),
      slot_(socket.slot),
      is_own_(is_own),
      is_shared_(socket.is_shared),
      highest_(highest_for_clients()),
      rest_(
          context.loop, [](void* self) { static_cast<Acceptor*>(self)->on_rested(); }, this) {}

bool Acceptor::start() {
  if (!is_own_) return true;
  if (!conf::is_path(listener_.config.address)) {
    const int yes = 1;
    // Accepted sockets inherit the option: one call here instead of one per client.
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  // Edge-triggered: a client that is left to another worker must not cause an event in each turn.
  return event_.add_edge(
      context_.loop, socket_, net::kReadable,
      [](void* self, short) { static_cast<Acceptor*>(self)->accept_some(kAcceptsPerTurn, 0); },
      this);
}

void Acceptor::accept_invited() { accept_some(kAcceptsPerTurn, 1); }

void Acceptor::accept_all() { accept_some(kAcceptsPerTurn, kAcceptsPerTurn); }

void Acceptor::accept_left_behind() {
  if (!has_left_clients_) return;
  // Every other worker watches a shared queue, too, so the others are not far.
  if (is_shared_) return accept_invited();
  accept_all();
}

void Acceptor::drain() {
  if (state_ == State::resting) state_ = State::recovering;
  highest_ = std::numeric_limits<int>::max();
  accept_some(kAcceptsAtDrain, kAcceptsAtDrain);
  rest_.stop();
  event_.remove();
  ::close(socket_);
}

void Acceptor::accept_some(int most, int unconditional) {
  if (state_ == State::resting) return;
  context_.activity.set(shm::Activity::accepting, listener_.heritage.row);
  const FairShare::Threshold threshold = share_.threshold(net::EventLoop::now_ms());
  for (int i = 0; i < most; ++i) {
    if (i >= unconditional && context_.clients.size() > threshold.most_clients) {
      has_left_clients_ = true;
      return share_.invite(threshold.row, slot_);
    }
    net::SocketAddress peer;
    peer.size = sizeof peer.storage;
    net::UniqueFd fd(::accept4(socket_, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size,
                               SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      const int number = fd.get();
      shm::add_to(listener_.cells.connections, 1);
      if (std::optional<Peer> entered = enter(context_, listener_, peer)) {
        context_.clients.adopt(make_client(std::move(fd), std::move(*entered)));
      }
      if (number < highest_) continue;
      return pause(log::Severity::warning, "three quarters of all descriptors are in use");
    }
    switch (errno) {
      case EAGAIN:
        has_left_clients_ = false;
        return;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return pause(log::Severity::error, std::string("cannot accept: ") + std::strerror(errno));
      default:
        break;  // this client has gone; try the next one
    }
  }
  if (!context_.clients.is_draining()) share_.invite_self(slot_);  // the queue may hold more
}

// Only a peer that is trusted sends a header; any other one is the client itself.
std::unique_ptr<ClientConnection> Acceptor::make_client(net::UniqueFd fd, Peer peer) {
  if (listener_.config.proxy_protocol && peer.is_trusted) {
    return std::make_unique<ProxiedConnection>(context_, listener_, std::move(fd), std::move(peer));
  }
  return std::make_unique<Http1Connection>(context_, listener_, net::Stream(std::move(fd)),
                                           std::move(peer));
}

void Acceptor::pause(log::Severity severity, const std::string& why) {
  if (state_ == State::accepting) {
    context_.log.write(severity, "listener " + listener_.name + ": " + why + "; new clients wait");
  }
  state_ = State::resting;
  has_left_clients_ = true;
  short_ms_ = net::EventLoop::now_ms();
  event_.remove();
  rest_.start(kRestMs);
}

void Acceptor::on_rested() {
  if (state_ == State::resting) {
    if (start()) state_ = State::recovering;  // else tries again after the next rest
  } else if (net::EventLoop::now_ms() - short_ms_ >= kCalmMs) {
    state_ = State::accepting;
    rest_.stop();
    context_.log.write(log::Severity::notice,
                       "listener " + listener_.name + ": new clients are accepted again");
  }
}

}  // namespace worker::client
