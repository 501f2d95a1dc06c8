// The worker's event loop on libevent: see event.h.
#include "worker/net/event.h"

#include <ctime>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace worker::net {

EventLoop::EventLoop() {
  event_config* const config = event_config_new();
  if (config == nullptr) throw std::runtime_error("no memory for the event loop");
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE);
  base_ = event_base_new_with_config(config);
  event_config_free(config);
  if (base_ == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot create the event loop");
  }
}

EventLoop::~EventLoop() {
  disposed_.clear();
  event_base_free(base_);
}

void EventLoop::run() {
  running_ = true;
  while (!stopped_) {
    if (before_wait_ != nullptr) before_wait_(owner_);
    if (stopped_) break;
    for (FdEvent* event : rescheduled_) {
      event->is_rescheduled_ = false;
      event_active(&event->event_, kReadable, 0);
    }
    rescheduled_.clear();
    turn_us_ = turn_ms_ = 0;
    if (event_base_loop(base_, EVLOOP_ONCE) != 0) break;
    // A destructor may dispose of further objects.
    while (!disposed_.empty()) {
      std::vector<std::unique_ptr<Disposable>> now;
      now.swap(disposed_);
    }
  }
  running_ = false;
  stopped_ = false;
  turn_ms_ = 0;
}

std::uint64_t EventLoop::now_ms() {
  if (turn_ms_ != 0) return turn_ms_;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  const std::uint64_t now_ms = static_cast<std::uint64_t>(now.tv_sec) * 1000 +
                               static_cast<std::uint64_t>(now.tv_nsec) / 1000000;
  if (running_) turn_ms_ = now_ms;
  return now_ms;
}

std::uint64_t EventLoop::turn_us() {
  if (turn_us_ == 0) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    turn_us_ = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
               static_cast<std::uint64_t>(now.tv_nsec) / 1000;
  }
  return turn_us_;
}

bool FdEvent::add(EventLoop& loop, int fd, short what, Callback callback, void* owner) {
  remove();
  callback_ = callback;
  owner_ = owner;
  if (event_assign(&event_, loop.base_, fd, what, &FdEvent::on_event, this) != 0) return false;
  if (event_add(&event_, nullptr) != 0) return false;
  loop_ = &loop;
  return true;
}

void FdEvent::on_event(evutil_socket_t, short what, void* self) {
  auto* const event = static_cast<FdEvent*>(self);
  event->callback_(event->owner_, what);
}

bool FdEvent::add_edge(EventLoop& loop, int fd, short what, Callback callback, void* owner) {
  return add(loop, fd, static_cast<short>(what | EV_ET | EV_PERSIST), callback, owner);
}

bool FdEvent::add_edge_like(const FdEvent& other, int fd, short what) {
  return other.loop_ != nullptr && add_edge(*other.loop_, fd, what, other.callback_, other.owner_);
}

bool FdEvent::add_level(EventLoop& loop, int fd, short what, Callback callback, void* owner) {
  return add(loop, fd, static_cast<short>(what | EV_PERSIST), callback, owner);
}

void FdEvent::remove() {
  if (loop_ == nullptr) return;
  if (is_rescheduled_) std::erase(loop_->rescheduled_, this);
  is_rescheduled_ = false;
  event_del(&event_);
  loop_ = nullptr;
}

void FdEvent::reschedule() {
  if (loop_ == nullptr || is_rescheduled_) return;
  is_rescheduled_ = true;
  loop_->rescheduled_.push_back(this);
}

Timer::Timer(EventLoop& loop, Callback callback, void* owner) : callback_(callback), owner_(owner) {
  event_assign(&event_, loop.base_, -1, EV_PERSIST, &Timer::on_event, this);
}

Timer::~Timer() { stop(); }

void Timer::start(unsigned period_ms) {
  const timeval period{static_cast<time_t>(period_ms / 1000),
                       static_cast<suseconds_t>(period_ms % 1000) * 1000};
  event_add(&event_, &period);
  running_ = true;
}

void Timer::stop() {
  if (running_) event_del(&event_);
  running_ = false;
}

void Timer::on_event(evutil_socket_t, short, void* self) {
  auto* const timer = static_cast<Timer*>(self);
  timer->callback_(timer->owner_);
}

}  // namespace worker::net
