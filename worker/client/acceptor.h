// Accepts the clients of one listening socket, a bounded number in a turn.
//
// A quarter of the descriptors is left to connections to backends: who is let in shall be served.
// When they run short the queue of the kernel holds new clients; that is logged when it begins and
// when it is over.
//
// A worker has an acceptor for each socket of its listeners: its own slot's is watched, those of
// other slots are looked at when their worker has too many clients (see fair_share.h) or is not
// there. Owns the registration, not the socket's place in the kernel: the master has it too, so
// what waits in its queue outlives this worker.
#pragma once

#include <cstdint>
#include <string>

#include "worker/client/context.h"
#include "worker/client/fair_share.h"
#include "worker/log/log.h"
#include "worker/net/event.h"
#include "worker/route/listener.h"

namespace worker::client {

class Acceptor {
 public:
  // `socket` is that of `slot`; `is_own`: the slot is this worker's.
  Acceptor(Context& context, route::Listener& listener, FairShare& share, int socket,
           shm::Slot slot, bool is_own);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  shm::Slot slot() const { return slot_; }

  bool start();  // false: the event loop does not take the socket
  // Somebody with more clients leaves us what waits there: at least one of them, if any.
  void take_over();
  // Whoever still waits, however many clients we have.
  void take_all();
  // For those whom we have left to others: they must not wait for long if nobody came.
  void look_after();
  // Takes whom the kernel has already let in, then no more. Also from other slots: of a listener
  // that goes, who closes its sockets last must not find anybody there.
  void drain();

 private:
  enum class State {
    accepting,   // what runs out next is a new shortage, and is logged
    resting,     // resources have run out, and that was logged: nobody is accepted
    recovering,  // accepts again; what runs out now is still the same shortage
  };

  void accept_some(int most, int in_any_case);
  // Without descriptors or memory accepting would fail in a busy loop: it rests for a while.
  void pause(log::Severity severity, const std::string& why);
  void on_rested();

  Context& context_;
  route::Listener& listener_;
  FairShare& share_;
  const int socket_;
  const shm::Slot slot_;
  const bool is_own_;
  int highest_;  // a client with this descriptor or one above is the last for now
  net::FdEvent event_;
  net::Timer rest_;  // runs in the other states than accepting
  State state_ = State::accepting;
  std::uint64_t short_ms_ = 0;  // when resources last ran out
  // Clients may be in the queue of whom no event will tell: left to others, or to a shortage.
  bool has_left_some_ = false;
};

}  // namespace worker::client
