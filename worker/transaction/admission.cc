// The slots that one request holds or waits for: see admission.h.
#include "worker/transaction/admission.h"

#include "worker/net/event.h"

namespace worker::transaction {

Admission::Admission(AdmissionUser& user)
    : user_(user),
      listener_waiter_([](void* self) { static_cast<Admission*>(self)->on_listener_slot(); },
                       [](void*) {}, this),
      backend_waiter_([](void* self) { static_cast<Admission*>(self)->on_backend_slot(); },
                      [](void* self) { static_cast<Admission*>(self)->user_.on_waited_long(); },
                      this),
      deadline_([](void* self) { static_cast<Admission*>(self)->user_.on_wait_timeout(); }, this) {}

Admission::Entry Admission::enter(route::WaitQueue& queue, route::Waiter& waiter,
                                  const Patience& patience) {
  if (queue.try_enter()) return Entry::entered;
  if (queue.waiting() >= patience.most_waiting) return Entry::full;
  if (queue.enter(waiter)) return Entry::entered;
  deadline_.start(patience.timeout, net::EventLoop::now_ms());
  return Entry::waits;
}

Admission::Entry Admission::enter_listener(route::WaitQueue& queue, const Patience& patience) {
  listener_ = &queue;
  const Entry entry = enter(queue, listener_waiter_, patience);
  if (entry == Entry::entered) state_ = State::in_listener;
  if (entry == Entry::waits) state_ = State::waiting_for_listener;
  return entry;
}

Admission::Entry Admission::enter_backend(route::WaitQueue& queue, const Patience& patience) {
  backend_ = &queue;
  const Entry entry = enter(queue, backend_waiter_, patience);
  if (entry == Entry::entered) state_ = State::in_backend;
  if (entry == Entry::waits) state_ = State::waiting_for_backend;
  return entry;
}

bool Admission::is_wanted() const {
  if (state_ == State::in_backend && backend_->waiting() != 0) return true;
  return (state_ == State::in_backend || state_ == State::in_listener) && listener_->waiting() != 0;
}

bool Admission::try_other_backend(route::WaitQueue& other) {
  if (state_ != State::waiting_for_backend || !other.try_enter()) return false;
  backend_->cancel(backend_waiter_);
  deadline_.stop();
  backend_ = &other;
  state_ = State::in_backend;
  return true;
}

void Admission::leave_backend() {
  deadline_.stop();
  if (state_ == State::in_backend) {
    backend_->leave();
  } else if (state_ == State::waiting_for_backend) {
    backend_->cancel(backend_waiter_);
  } else {
    return;
  }
  state_ = State::in_listener;
}

void Admission::leave() {
  leave_backend();
  deadline_.stop();
  if (state_ == State::in_listener) {
    listener_->leave();
  } else if (state_ == State::waiting_for_listener) {
    listener_->cancel(listener_waiter_);
  }
  state_ = State::outside;
}

void Admission::on_listener_slot() {
  deadline_.stop();
  state_ = State::in_listener;
  user_.on_admitted();
}

void Admission::on_backend_slot() {
  deadline_.stop();
  state_ = State::in_backend;
  user_.on_admitted();
}

}  // namespace worker::transaction
