// The slots (`Threads`) that one request holds or waits for: of its listener, then of a backend.
//
//   outside ──► waiting for listener ──► in listener ──► waiting for backend ──► in backend
//      ▲                                  │      ▲                │                   │
//      └────────────── leave() ───────────┘      └──────── leave_backend() ───────────┘
//
// A request whose client is still sending its body is a sender: it takes a place among the senders
// first, at the listener and at the backend, of which there are half as many as slots. One whose
// client takes the response slowly may become a reader in the same way, but does not wait for that.
//
// Owns the places in the queues and the deadline of a wait. Every slot that was taken is given back
// exactly once, by leave_backend(), leave(), client_has_sent_all() or the destructor.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "worker/net/deadline.h"
#include "worker/route/slots.h"

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
  struct Terms {
    route::ClientHash client = 0;
    bool is_sender = false;
    shm::Rank rank = shm::Rank::known;
    std::uint32_t most_waiting = 0;  // in all workers, for the same slots; half of it strangers
    net::DeadlineList* timeout = nullptr;
  };
  Entry enter_listener(route::Slots& slots, const Terms& terms);
  Entry enter_backend(route::Slots& slots);
  // While it waits for a backend: takes a slot of another one, if one is free now.
  bool try_other_backend(route::Slots& other);

  bool is_sender() const { return terms_.is_sender; }
  bool is_stranger() const { return terms_.rank == shm::Rank::stranger; }
  void client_has_sent_all();  // it is a sender no more
  // Whether it is one of the readers, perhaps from now on. True without slots: it keeps nobody out.
  bool try_become_reader();

  // Gives the backend's slot back, or stops to wait for it. The listener's slot stays.
  void leave_backend();
  void leave();

  State state() const;
  bool is_waiting() const { return waits_for_.has_value(); }
  // Requests of any worker wait for a slot that this request holds.
  bool is_wanted() const;

 private:
  // In the order in which they are taken.
  enum class Place : std::uint8_t {
    listener_sender,
    listener,
    listener_reader,
    backend_sender,
    backend,
    backend_reader,
  };
  static constexpr std::size_t kPlaces = 6;
  route::WaitQueue*& held(Place place) { return held_[static_cast<std::size_t>(place)]; }
  bool holds(Place place) const { return held_[static_cast<std::size_t>(place)] != nullptr; }

  Entry enter(route::WaitQueue& queue, Place place);
  bool is_full(const route::WaitQueue& queue) const;
  Entry enter_both(route::Slots& slots, Place sender_place, Place place);
  bool try_take(route::WaitQueue& queue, Place place);
  void give(Place place);
  void stop_waiting();
  void on_slot();

  AdmissionUser& user_;
  Terms terms_;
  std::array<route::WaitQueue*, kPlaces> held_{};
  route::Slots* listener_ = nullptr;
  route::Slots* backend_ = nullptr;
  std::optional<Place> waits_for_;
  route::WaitQueue* waits_at_ = nullptr;
  route::Waiter waiter_;
  net::Deadline deadline_;
};

}  // namespace worker::transaction
