// The slots that one request holds or waits for: see admission.h.
#include "worker/transaction/admission.h"

#include <algorithm>

#include "worker/net/event.h"

namespace worker::transaction {

Admission::Admission(AdmissionUser& user)
    : user_(user),
      waiter_([](void* self) { static_cast<Admission*>(self)->on_slot(); },
              [](void* self) {
                auto& me = *static_cast<Admission*>(self);
                if (me.state() == State::waiting_for_backend) me.user_.on_waited_long();
              },
              this),
      deadline_([](void* self) { static_cast<Admission*>(self)->user_.on_wait_timeout(); }, this) {}

Admission::State Admission::state() const {
  if (waits_for_) {
    return *waits_for_ < Place::backend_sender ? State::waiting_for_listener
                                               : State::waiting_for_backend;
  }
  if (holds(Place::backend)) return State::in_backend;
  return holds(Place::listener) ? State::in_listener : State::outside;
}

Admission::Entry Admission::enter_listener(route::Slots& slots, const Terms& terms) {
  terms_ = terms;
  listener_ = &slots;
  return enter_both(slots, Place::listener_sender, Place::listener);
}

Admission::Entry Admission::enter_backend(route::Slots& slots) {
  backend_ = &slots;
  return enter_both(slots, Place::backend_sender, Place::backend);
}

Admission::Entry Admission::enter_both(route::Slots& slots, Place sender_place, Place place) {
  if (terms_.is_sender) {
    const Entry entry = enter(slots.senders, sender_place);
    if (entry != Entry::entered) return entry;
  }
  const Entry entry = enter(slots.all, place);
  if (entry == Entry::full) give(sender_place);
  return entry;
}

Admission::Entry Admission::enter(route::WaitQueue& queue, Place place) {
  if (try_take(queue, place)) return Entry::entered;
  if (is_full(queue)) return Entry::full;
  if (queue.wait(waiter_, terms_.client, terms_.rank)) {
    held(place) = &queue;
    return Entry::entered;
  }
  waits_for_ = place;
  waits_at_ = &queue;
  deadline_.start(*terms_.timeout, net::EventLoop::now_ms());
  return Entry::waits;
}

// Strangers cannot fill the queue, so that known requests find a place in it.
bool Admission::is_full(const route::WaitQueue& queue) const {
  if (queue.waiting() >= terms_.most_waiting) return true;
  return is_stranger() && queue.waiting(shm::Rank::stranger) >= terms_.most_waiting / 2;
}

bool Admission::try_take(route::WaitQueue& queue, Place place) {
  if (!queue.try_enter(terms_.client)) return false;
  held(place) = &queue;
  return true;
}

void Admission::give(Place place) {
  route::WaitQueue*& queue = held(place);
  if (queue == nullptr) return;
  queue->leave(terms_.client);
  queue = nullptr;
}

// The slot that it waited for is taken. A sender, which has its place among the senders, now waits
// for the slot itself; its time goes on.
void Admission::on_slot() {
  const Place place = *waits_for_;
  held(place) = waits_at_;
  waits_for_.reset();
  if (place == Place::listener_sender || place == Place::backend_sender) {
    const bool at_listener = place == Place::listener_sender;
    route::WaitQueue& queue = (at_listener ? listener_ : backend_)->all;
    const Place next = at_listener ? Place::listener : Place::backend;
    if (!queue.enter(waiter_, terms_.client, terms_.rank)) {
      waits_for_ = next;
      waits_at_ = &queue;
      return;
    }
    held(next) = &queue;
  }
  deadline_.stop();
  user_.on_admitted();
}

void Admission::stop_waiting() {
  deadline_.stop();
  if (!waits_for_) return;
  waits_at_->cancel(waiter_);
  waits_for_.reset();
}

bool Admission::is_wanted() const {
  return std::ranges::any_of(held_, [](const route::WaitQueue* queue) {
    return queue != nullptr && queue->waiting() != 0;
  });
}

bool Admission::try_other_backend(route::Slots& other) {
  if (waits_for_ != Place::backend && waits_for_ != Place::backend_sender) return false;
  Admission trial(user_);
  trial.terms_ = terms_;
  if (terms_.is_sender && !trial.try_take(other.senders, Place::backend_sender)) return false;
  if (!trial.try_take(other.all, Place::backend)) return false;
  leave_backend();
  for (const Place place : {Place::backend_sender, Place::backend}) {
    std::swap(held(place), trial.held(place));
  }
  backend_ = &other;
  return true;
}

void Admission::client_has_sent_all() {
  if (!terms_.is_sender) return;
  terms_.is_sender = false;
  give(Place::listener_sender);
  give(Place::backend_sender);
}

bool Admission::try_become_reader() {
  if (state() != State::in_backend || holds(Place::backend_reader)) return true;
  if (!try_take(listener_->readers, Place::listener_reader)) return false;
  if (try_take(backend_->readers, Place::backend_reader)) return true;
  give(Place::listener_reader);
  return false;
}

void Admission::leave_backend() {
  if (state() == State::waiting_for_backend) stop_waiting();
  give(Place::backend_reader);
  give(Place::backend);
  give(Place::backend_sender);
}

void Admission::leave() {
  stop_waiting();
  leave_backend();
  give(Place::listener_reader);
  give(Place::listener);
  give(Place::listener_sender);
}

}  // namespace worker::transaction
