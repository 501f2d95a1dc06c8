// Accepts the clients of one listening socket, a bounded number per turn of the loop.
//
// A worker has one acceptor per socket of its listeners, for the sockets of all slots. The loop
// watches the sockets of this worker's own slot, and those that all workers share, such as a Unix
// socket. The worker accepts from the sockets of another
// slot when that slot's worker has too many clients (fair_share.h) or is missing.
//
// A quarter of the descriptors is reserved for connections to backends, so that Pound can serve the
// clients that it has accepted. When descriptors or memory run short, new clients wait in the
// kernel's queue; the acceptor logs the beginning and the end of a shortage. Owns the registration.
// drain() closes the socket of this process; the master holds the socket too, so clients in its
// queue survive this worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "worker/client/client_connection.h"
#include "worker/client/context.h"
#include "worker/client/entry.h"
#include "worker/client/fair_share.h"
#include "worker/log/log.h"
#include "worker/net/event.h"
#include "worker/net/unique_fd.h"
#include "worker/route/listener.h"

namespace worker::client {

class Acceptor {
 public:
  // `is_own` says whether this worker has the slot of the socket.
  Acceptor(Context& context, route::Listener& listener, FairShare& share,
           const route::ListeningSocket& socket, bool is_own);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Whether one of these invitations is to the queue of this socket: bit n is slot n. Who shares a
  // socket invites to its own slot.
  bool is_meant(std::uint64_t invitations) const {
    return is_shared_ ? invitations != 0 : (invitations >> slot_ & 1) != 0;
  }
  // Whether its slot is among these, which have no worker. A shared socket is never without.
  bool is_orphan(std::uint64_t slots) const { return !is_shared_ && (slots >> slot_ & 1) != 0; }

  bool start();  // false when the event loop cannot watch the socket
  // Another worker has left clients here: accepts at least one, and more within this worker's
  // share.
  void accept_invited();
  // Accepts the waiting clients, however many this worker has already.
  void accept_all();
  // Accepts clients that this worker has left to others and that no other worker has accepted.
  void accept_left_behind();
  // Accepts all clients in the socket's queue, then closes the socket. Does so for sockets of other
  // slots too: when the listener goes, closing its last socket must not reset a client.
  void drain();

 private:
  enum class State {
    accepting,   // logs the next shortage
    resting,     // accepts no client because of a shortage, which is logged
    recovering,  // accepts again; does not log a shortage, which counts as the same one
  };

  void accept_some(int most, int unconditional);
  std::unique_ptr<ClientConnection> make_client(net::UniqueFd fd, Peer peer);
  // Rests for a while, because accepting without descriptors or memory would fail in a busy loop.
  void pause(log::Severity severity, const std::string& why);
  void on_rested();

  Context& context_;
  route::Listener& listener_;
  FairShare& share_;
  const int socket_;
  const shm::Slot slot_;
  const bool is_own_;
  const bool is_shared_;
  int highest_;  // a client whose descriptor is this or higher is the last for now
  net::FdEvent event_;
  net::Timer rest_;  // runs in the states resting and recovering
  State state_ = State::accepting;
  std::uint64_t short_ms_ = 0;  // when resources last ran out
  // The queue may hold clients that no event will announce: left to another worker or in a
  // shortage.
  bool has_left_clients_ = false;
};

}  // namespace worker::client
