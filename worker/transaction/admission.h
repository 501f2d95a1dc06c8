// The slots (`Threads`) that one request holds or waits for: of its listener, then of a backend.
//
//   outside ──► waiting for listener ──► in listener ──► waiting for backend ──► in backend
//      ▲                                  │      ▲                │                   │
//      └────────────── leave() ───────────┘      └──────── leave_backend() ───────────┘
//
// Owns the places in the queues and the deadline of a wait. Every slot that was taken is
// given back exactly once, by leave_backend(), leave() or the destructor.
#pragma once

#include <cstdint>

#include "worker/net/deadline.h"
#include "worker/route/wait_queue.h"

namespace worker::transaction {

class AdmissionUser {
 public:
  virtual void on_admitted() = 0;      // the slot that it waited for is taken
  virtual void on_waited_long() = 0;   // for a backend's slot: another backend may have one
  virtual void on_wait_timeout() = 0;  // no slot in time; the request still waits

 protected:
  ~AdmissionUser() = default;
};

class Admission {
 public:
  enum class State : std::uint8_t {
    outside,
    waiting_for_listener,
    in_listener,
    waiting_for_backend,
    in_backend,
  };

  explicit Admission(AdmissionUser& user);
  ~Admission() { leave(); }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  enum class Entry : std::uint8_t {
    entered,  // the slot is taken
    waits,    // on_admitted() or on_wait_timeout() follows
    full,     // as many requests wait as may
  };
  // How many requests may wait, in all workers, and for how long.
  struct Patience {
    std::uint32_t most_waiting;
    net::DeadlineList& timeout;
  };
  Entry enter_listener(route::WaitQueue& queue, const Patience& patience);
  Entry enter_backend(route::WaitQueue& queue, const Patience& patience);
  // While it waits for a backend: takes a slot of another one, if one is free now.
  bool try_other_backend(route::WaitQueue& other);

  // Gives the backend's slot back, or stops to wait for it. The listener's slot stays.
  void leave_backend();
  void leave();

  State state() const { return state_; }
  bool is_waiting() const {
    return state_ == State::waiting_for_listener || state_ == State::waiting_for_backend;
  }
  // Requests of any worker wait for a slot that this request holds.
  bool is_wanted() const;

 private:
  Entry enter(route::WaitQueue& queue, route::Waiter& waiter, const Patience& patience);
  void on_listener_slot();
  void on_backend_slot();

  AdmissionUser& user_;
  State state_ = State::outside;
  route::WaitQueue* listener_ = nullptr;
  route::WaitQueue* backend_ = nullptr;
  route::Waiter listener_waiter_;
  route::Waiter backend_waiter_;
  net::Deadline deadline_;
};

}  // namespace worker::transaction
