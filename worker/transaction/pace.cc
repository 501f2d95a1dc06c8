// How long and how slowly a client may move bytes: see pace.h.
#include "worker/transaction/pace.h"

#include <algorithm>

#include "worker/net/event.h"

namespace worker::transaction {

Pace::Pace(PaceUser& user)
    : user_(user),
      silence_([](void* self) { static_cast<Pace*>(self)->on_silence(); }, this),
      span_([](void* self) { static_cast<Pace*>(self)->on_span_end(); }, this) {}

void Pace::wait(For what, const route::PaceLimits& limits) {
  const std::uint64_t now = net::EventLoop::now_ms();
  const bool goes_on = span_.running() && &limits_->span == &limits.span;
  what_ = what;
  limits_ = &limits;
  silence_.start(limits.silence, now);
  if (what == For::response) moved_at_look_ = std::min(moved_at_look_, user_.client_moved());
  if (goes_on) return;
  moved_at_span_ = user_.client_moved();
  span_.start(limits.span, now);
}

void Pace::stop() {
  silence_.stop();
  span_.stop();
}

void Pace::on_silence() {
  if (what_ == For::response && user_.client_moved() > moved_at_look_) {
    // Some was taken: before this silence, or since then without the kernel asking for more.
    moved_at_look_ = user_.client_moved();
    wait(what_, *limits_);
  } else {
    user_.on_client_silent();
  }
}

void Pace::on_span_end() {
  const std::int64_t moved = user_.client_moved();
  std::uint64_t wanted = limits_->min_bytes;
  if (user_.is_wanted()) wanted = std::max(wanted, limits_->crowded_bytes);
  if (moved - moved_at_span_ < static_cast<std::int64_t>(wanted)) {
    return user_.on_client_too_slow();
  }
  moved_at_span_ = moved;
  span_.start(limits_->span, net::EventLoop::now_ms());
}

}  // namespace worker::transaction
