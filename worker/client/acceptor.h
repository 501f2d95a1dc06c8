// Accepts the clients of one listening socket, a bounded number per turn of the loop.
//
// A worker has one acceptor per socket of its listeners, for the sockets of all slots. The loop
// watches the sockets of this worker's own slot. The worker accepts from the sockets of another
// slot when that slot's worker has too many clients (fair_share.h) or is missing.
//
// A quarter of the descriptors is reserved for connections to backends, so that Pound can serve the
// clients that it has accepted. When descriptors or memory run short, new clients wait in the
// kernel's queue; the acceptor logs the beginning and the end of a shortage. Owns the registration.
// drain() closes the socket of this process; the master holds the socket too, so clients in its
// queue survive this worker.
#pragma once

#include <cstdint>
#include <string>

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
  // `socket` belongs to `slot`; `is_own` says whether this worker has that slot.
  Acceptor(Context& context, route::Listener& listener, FairShare& share, int socket,
           shm::Slot slot, bool is_own);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  shm::Slot slot() const { return slot_; }

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
  // The client's connection begins, unless a limit is against it.
  void take(net::UniqueFd socket, Peer peer);
  // Rests for a while, because accepting without descriptors or memory would fail in a busy loop.
  void pause(log::Severity severity, const std::string& why);
  void on_rested();

  Context& context_;
  route::Listener& listener_;
  FairShare& share_;
  const int socket_;
  const shm::Slot slot_;
  const bool is_own_;
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
