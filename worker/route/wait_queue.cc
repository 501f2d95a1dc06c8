// Requests that wait for a slot of a gate: see wait_queue.h.
#include "worker/route/wait_queue.h"

#include "worker/net/wake.h"

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
  // Another worker may have freed a slot before it could see our ticket, so try once more. Any
  // worker that frees a slot from now on sees the ticket.
  const bool entered =
      first_ == &waiter && gate_.try_enter(queues_.row_, queues_.rows(), waiter.ticket_);
  if (entered) remove(waiter);
  // In either case our attempt may have made another worker's attempt fail (gate.h).
  notify_next();
  return entered;
}

std::uint32_t WaitQueue::waiting() const { return gate_.waiting(queues_.rows()); }

void WaitQueue::leave() {
  gate_.leave(queues_.row_);
  if (gate_.limit() != 0) notify_next();
}

void WaitQueue::cancel(Waiter& waiter) {
  const bool was_first = first_ == &waiter;
  remove(waiter);
  // A slot may have been reserved for this waiter; it is now for the next one.
  if (was_first) notify_next();
}

void WaitQueue::append(Waiter& waiter) {
  waiter.queue_ = this;
  waiter.previous_ = last_;
  waiter.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
  ++count_;
  publish();
  queues_.activate(*this);
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

void WaitQueue::admit_waiters() {
  while (first_ != nullptr && gate_.try_enter(queues_.row_, queues_.rows(), first_->ticket_)) {
    Waiter& next = *first_;
    remove(next);
    next.admitted_(next.owner_);
  }
}

void WaitQueue::notify_next() {
  const shm::Row next = gate_.next_in_turn(queues_.rows());
  if (next != shm::kMaxRows) queues_.notify(next);
}

void WaitQueue::tick(std::uint64_t now_ms) {
  admit_waiters();
  const std::uint32_t limit = gate_.limit();
  const bool is_free = limit == 0 || gate_.in_service(queues_.rows()) < limit;
  // A slot was free at two ticks in a row, so the worker whose waiter is next is slow or dead.
  if (is_free && was_free_at_last_tick_ && first_ != nullptr &&
      gate_.try_enter_out_of_turn(queues_.row_, queues_.rows())) {
    Waiter& next = *first_;
    remove(next);
    next.admitted_(next.owner_);
  }
  was_free_at_last_tick_ = is_free;

  // Bounds the work of one tick; the waiters at the front have waited longest.
  constexpr int kMostWaitedLong = 64;
  Waiter* waiter = first_;
  for (int i = 0; i < kMostWaitedLong && waiter != nullptr; ++i) {
    Waiter* const after = waiter->next_;
    if (waiter->since_ms_ + kWaitedLongMs > now_ms) break;
    waiter->waited_long_(waiter->owner_);
    waiter = after;
  }
}

WaitQueues::WaitQueues(net::EventLoop& loop, shm::WorkerTable& workers, shm::Row row,
                       const std::vector<int>& wake_fds, int sleeper)
    : workers_(workers),
      row_(row),
      wake_fds_(wake_fds),
      sleeper_(sleeper),
      tick_(
          loop, [](void* self) { static_cast<WaitQueues*>(self)->on_tick(); }, this) {
  wake_event_.add_level(
      loop, sleeper_, net::kReadable,
      [](void* self, short) { static_cast<WaitQueues*>(self)->on_wake(); }, this);
}

std::uint32_t WaitQueues::rows() const { return workers_.rows_in_use(); }

void WaitQueues::activate(WaitQueue& queue) {
  if (queue.is_active_) return;
  queue.is_active_ = true;
  active_.push_back(&queue);
  if (!tick_.running()) tick_.start(kWaitTickMs);
}

void WaitQueues::notify(shm::Row row) {
  if (row == row_) return wake_event_.reschedule();  // later: a transaction is on the stack
  if (row < wake_fds_.size()) net::wake(wake_fds_[row]);
}

void WaitQueues::on_wake() {
  net::clear_wakes(sleeper_);
  serve_all(false);
  if (after_wake_ != nullptr) after_wake_(after_wake_owner_);
}

void WaitQueues::after_wake(void (*callback)(void* owner), void* owner) {
  after_wake_ = callback;
  after_wake_owner_ = owner;
}

void WaitQueues::on_tick() {
  serve_all(true);
  if (active_.empty()) tick_.stop();
}

void WaitQueues::serve_all(bool is_tick) {
  const std::uint64_t now = net::EventLoop::now_ms();
  // Callbacks may append to active_: visit by index, and only the queues that were there before.
  for (std::size_t i = 0, n = active_.size(); i < n; ++i) {
    WaitQueue& queue = *active_[i];
    if (is_tick) {
      queue.tick(now);
    } else {
      queue.admit_waiters();
    }
    queue.notify_next();
  }
  std::erase_if(active_, [](WaitQueue* queue) {
    if (!queue->empty()) return false;
    queue->is_active_ = false;
    queue->was_free_at_last_tick_ = false;
    return true;
  });
}

}  // namespace worker::route
