// See server.h.
#include "master/control/server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace master::control {
namespace {

constexpr std::uint64_t kPauseMs = 100;  // when no descriptor is left
constexpr std::string_view kTooMany = "error: too many clients of the control socket; try again\n";

}  // namespace

Server::Server(Poller& poller, const Commands& commands, Poller::Fd listening_fd, Judge is_ours)
    : poller_(poller),
      commands_(commands),
      listening_fd_(std::move(listening_fd)),
      is_ours_(std::move(is_ours)) {
  sources_.push_back(poller_.watch([this] { return resume_ms_ == 0 ? listening_fd_() : -1; },
                                   POLLIN, [this](std::uint64_t now) { accept(now); }));
  sources_.push_back(
      poller_.add_task([this] { return due_ms(); }, [this](std::uint64_t now) { drop_late(now); }));
}

void Server::accept(std::uint64_t now_ms) {
  // The socket may have gone since the poll; then there is nothing to accept.
  const int listening = listening_fd_();
  worker::net::UniqueFd connection(
      ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (connection) return welcome(std::move(connection), now_ms);
  const bool is_short = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
  if (is_short) resume_ms_ = now_ms + kPauseMs;
}

void Server::welcome(worker::net::UniqueFd connection, std::uint64_t now_ms) {
  if (is_ours_(peer_of(connection.get()))) return;
  if (clients_.size() == kMostClients) {
    ::send(connection.get(), kTooMany.data(), kTooMany.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    char unread[kMostLine];  // left in the socket, it would be an error to the peer
    ::recv(connection.get(), unread, sizeof unread, MSG_DONTWAIT);
    return;
  }
  Served served{std::make_shared<Client>(std::move(connection), now_ms), {}};
  watch(served, Client::State::reading, POLLIN, &Server::on_readable);
  watch(served, Client::State::answering, POLLOUT, &Server::on_writable);
  watch(served, Client::State::waiting, 0, &Server::on_hang_up);
  clients_.push_back(std::move(served));
}

void Server::watch(Served& served, Client::State state, short events,
                   void (Server::*on_event)(Client&)) {
  const std::weak_ptr<Client> weak = served.client;
  const auto fd = [weak, state] {
    const auto client = weak.lock();
    return client && client->state() == state ? client->fd() : -1;
  };
  const auto run = [this, weak, state, on_event](std::uint64_t) {
    const auto client = weak.lock();
    if (!client || client->state() != state) return;
    try {
      (this->*on_event)(*client);
    } catch (const std::exception&) {  // in practice: no memory
      client->close();
    }
  };
  served.sources.push_back(poller_.watch(fd, events, run));
}

void Server::on_readable(Client& client) {
  if (!client.read()) return;
  const auto found = std::find_if(clients_.begin(), clients_.end(), [&](const Served& served) {
    return served.client.get() == &client;
  });
  commands_.run(client.line(), client.peer(), Reply(found->client));
}

std::uint64_t Server::due_ms() const {
  std::uint64_t due_ms = resume_ms_ == 0 ? kNever : resume_ms_;
  for (const Served& served : clients_) {
    const bool is_closed = served.client->state() == Client::State::closed;
    due_ms = std::min(due_ms, is_closed ? kNow : served.client->due_ms());
  }
  return due_ms;
}

void Server::drop_late(std::uint64_t now_ms) {
  if (now_ms >= resume_ms_) resume_ms_ = 0;
  for (const Served& served : clients_) {
    if (served.client->due_ms() <= now_ms) served.client->close();
  }
  std::erase_if(clients_, [](const Served& served) {
    return served.client->state() == Client::State::closed;
  });
}

}  // namespace master::control
