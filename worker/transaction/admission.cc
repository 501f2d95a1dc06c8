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

bool Admission::enter_listener(route::WaitQueue& queue) {
  listener_ = &queue;
  const bool entered = queue.enter(listener_waiter_);
  state_ = entered ? State::in_listener : State::waiting_for_listener;
  return entered;
}

bool Admission::enter_backend(route::WaitQueue& queue, net::DeadlineList& patience) {
  backend_ = &queue;
  const bool entered = queue.enter(backend_waiter_);
  state_ = entered ? State::in_backend : State::waiting_for_backend;
  if (!entered) deadline_.start(patience, net::EventLoop::now_ms());
  return entered;
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
  if (state_ == State::in_listener) {
    listener_->leave();
  } else if (state_ == State::waiting_for_listener) {
    listener_->cancel(listener_waiter_);
  }
  state_ = State::outside;
}

void Admission::on_listener_slot() {
  state_ = State::in_listener;
  user_.on_admitted();
}

void Admission::on_backend_slot() {
  deadline_.stop();
  state_ = State::in_backend;
  user_.on_admitted();
}

}  // namespace worker::transaction
