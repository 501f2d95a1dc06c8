// Waiting for a slot of a gate: see wait_queue.h.
#include "worker/route/wait_queue.h"

#include <unistd.h>

namespace worker::route {

Waiter::~Waiter() {
  if (queue_ != nullptr) queue_->cancel(*this);
}

bool WaitQueue::try_enter() {
  return first_ == nullptr && gate_.try_enter(queues_.row_, queues_.rows(), 0);
}

bool WaitQueue::enter(Waiter& waiter) {
  if (try_enter()) return true;
  waiter.ticket_ = gate_.draw_ticket();
  waiter.since_ms_ = net::EventLoop::now_ms();
  append(waiter);
  // A slot may have come free before our ticket could be seen; from here on whoever frees one
  // sees it.
  const bool entered =
      first_ == &waiter && gate_.try_enter(queues_.row_, queues_.rows(), waiter.ticket_);
  if (entered) remove(waiter);
  // Either way somebody may have backed out because of us (gate.h).
  pass_on_the_turn();
  return entered;
}

void WaitQueue::leave() {
  gate_.leave(queues_.row_);
  if (gate_.limit() != 0) pass_on_the_turn();
}

void WaitQueue::cancel(Waiter& waiter) {
  const bool was_first = first_ == &waiter;
  remove(waiter);
  // The slot that was free for this waiter is now somebody else's.
  if (was_first) pass_on_the_turn();
}

void WaitQueue::append(Waiter& waiter) {
  waiter.queue_ = this;
  waiter.previous_ = last_;
  waiter.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
  ++count_;
  publish();
  queues_.list(*this);
}

void WaitQueue::remove(Waiter& waiter) {
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
  waiter.queue_ = nullptr;
  --count_;
  publish();
}

void WaitQueue::publish() {
  gate_.publish_waiting(queues_.row_, first_ != nullptr ? first_->ticket_ : 0, count_);
}

void WaitQueue::admit_those_in_turn() {
  while (first_ != nullptr && gate_.try_enter(queues_.row_, queues_.rows(), first_->ticket_)) {
    Waiter& next = *first_;
    remove(next);
    next.admitted_(next.owner_);
  }
}

void WaitQueue::pass_on_the_turn() {
  const shm::Row next = gate_.next_in_turn(queues_.rows());
  if (next != shm::kMaxRows) queues_.wake(next);
}

void WaitQueue::tick(std::uint64_t now_ms) {
  admit_those_in_turn();
  const std::uint32_t limit = gate_.limit();
  const bool is_free = limit == 0 || gate_.in_service(queues_.rows()) < limit;
  // Free twice running, and the one whose turn it is has not come: it is slow, or dead.
  if (is_free && free_at_last_tick_ && first_ != nullptr &&
      gate_.try_enter_out_of_turn(queues_.row_, queues_.rows())) {
    Waiter& next = *first_;
    remove(next);
    next.admitted_(next.owner_);
  }
  free_at_last_tick_ = is_free;

  // A bound for one turn: the front of a long queue has waited longest.
  constexpr int kMostRestless = 64;
  Waiter* waiter = first_;
  for (int i = 0; i < kMostRestless && waiter != nullptr; ++i) {
    Waiter* const after = waiter->next_;
    if (waiter->since_ms_ + kRestlessMs > now_ms) break;
    waiter->restless_(waiter->owner_);
    waiter = after;
  }
}

WaitQueues::WaitQueues(net::EventLoop& loop, shm::WorkerTable& workers, shm::Row row,
                       const std::vector<int>& wake_fds)
    : workers_(workers),
      row_(row),
      wake_fds_(wake_fds),
      tick_(
          loop, [](void* self) { static_cast<WaitQueues*>(self)->on_tick(); }, this) {
  wake_event_.add_level(
      loop, wake_fds_.at(row_), net::kReadable,
      [](void* self, short) { static_cast<WaitQueues*>(self)->on_wake(); }, this);
}

std::uint32_t WaitQueues::rows() const { return workers_.rows_in_use(); }

void WaitQueues::list(WaitQueue& queue) {
  if (queue.listed_) return;
  queue.listed_ = true;
  active_.push_back(&queue);
  if (!tick_.running()) tick_.start(kWaitTickMs);
}

void WaitQueues::wake(shm::Row row) {
  if (row == row_) return wake_event_.raise_again();  // not now: a transaction is on the stack
  if (row >= wake_fds_.size()) return;
  const std::uint64_t one = 1;
  // A full counter means that it is being woken anyway.
  [[maybe_unused]] const ssize_t n = ::write(wake_fds_[row], &one, sizeof one);
}

void WaitQueues::on_wake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(wake_fds_[row_], &count, sizeof count);
  serve_all(false);
  if (woken_ != nullptr) woken_(woken_owner_);
}

void WaitQueues::at_each_wake(void (*callback)(void* owner), void* owner) {
  woken_ = callback;
  woken_owner_ = owner;
}

void WaitQueues::on_tick() {
  serve_all(true);
  if (active_.empty()) tick_.stop();
}

void WaitQueues::serve_all(bool is_tick) {
  const std::uint64_t now = net::EventLoop::now_ms();
  // Callbacks may list further queues: by index, and only those that were here before.
  for (std::size_t i = 0, n = active_.size(); i < n; ++i) {
    WaitQueue& queue = *active_[i];
    if (is_tick) {
      queue.tick(now);
    } else {
      queue.admit_those_in_turn();
    }
    queue.pass_on_the_turn();
  }
  std::erase_if(active_, [](WaitQueue* queue) {
    if (!queue->empty()) return false;
    queue->listed_ = false;
    queue->free_at_last_tick_ = false;
    return true;
  });
}

}  // namespace worker::route
