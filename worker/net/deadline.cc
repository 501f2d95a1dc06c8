// Timeouts as FIFO lists: see deadline.h.
#include "worker/net/deadline.h"

namespace worker::net {

void Deadline::start(DeadlineList& list, std::uint64_t now_ms) {
  stop();
  list_ = &list;
  started_ms_ = now_ms;
  previous_ = list.last_;
  (list.last_ != nullptr ? list.last_->next_ : list.first_) = this;
  list.last_ = this;
}

void Deadline::stop() {
  if (list_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : list_->first_) = next_;
  (next_ != nullptr ? next_->previous_ : list_->last_) = previous_;
  previous_ = next_ = nullptr;
  list_ = nullptr;
}

void DeadlineList::sweep(std::uint64_t now_ms) {
  // A callback that restarts a deadline moves it to the end of its list with a time that is not due
  // yet, so the loop ends.
  while (first_ != nullptr && first_->started_ms_ + duration_ms_ < now_ms) {
    Deadline* const due = first_;
    due->stop();
    due->callback_(due->owner_);
  }
}

DeadlineList& DeadlineLists::of(std::uint64_t duration_ms) {
  std::unique_ptr<DeadlineList>& list = lists_[duration_ms];
  if (!list) list = std::make_unique<DeadlineList>(duration_ms);
  return *list;
}

void DeadlineLists::sweep(std::uint64_t now_ms) {
  for (auto& [duration, list] : lists_) list->sweep(now_ms);
}

}  // namespace worker::net
