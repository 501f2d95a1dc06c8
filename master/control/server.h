// Serves the control socket: accepts clients, runs their commands and sends the answers.
//
// Owns the clients, at most kMostClients; more get an error. Borrows the listening socket, which
// may change with each turn. Has its sources in the master's loop and never blocks: in each turn a
// client has one of its steps done. An exception ends the client alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "master/control/client.h"
#include "master/control/commands.h"
#include "master/poller.h"

namespace master::control {

inline constexpr std::size_t kMostClients = 16;

class Server {
 public:
  using Judge = std::function<bool(const Peer&)>;

  // `listening_fd` tells the socket, or -1. `is_ours` tells the master's own processes, which get
  // no answer: where workers have the user of the master, one that is taken over could connect. All
  // arguments must outlive this.
  Server(Poller& poller, const Commands& commands, Poller::Fd listening_fd, Judge is_ours);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::size_t clients() const { return clients_.size(); }

 private:
  struct Served {
    std::shared_ptr<Client> client;
    std::vector<Poller::Source> sources;
  };

  void accept(std::uint64_t now_ms);
  void welcome(worker::net::UniqueFd connection, std::uint64_t now_ms);
  void watch(Served& served, Client::State state, short events, void (Server::*on_event)(Client&));
  void on_readable(Client& client);
  void on_writable(Client& client) { client.write(); }
  void on_hang_up(Client& client) { client.close(); }
  std::uint64_t due_ms() const;
  void drop_late(std::uint64_t now_ms);

  Poller& poller_;
  const Commands& commands_;
  Poller::Fd listening_fd_;
  Judge is_ours_;
  std::uint64_t resume_ms_ = 0;  // accept again; 0 = no pause
  std::vector<Served> clients_;
  std::vector<Poller::Source> sources_;
};

}  // namespace master::control
