// Requests that wait for a slot of a gate: see wait_queue.h.
#include "worker/route/wait_queue.h"

#include "shm/slot_gates.h"
#include "worker/net/wake.h"

namespace worker::route {

namespace {

// Bounds the work of one tick. The waiters at the front have waited longest.
constexpr int kMostPerTick = 64;

}  // namespace

Waiter::~Waiter() {
  if (queue_ != nullptr) queue_->cancel(*this);
}

// Searches from the end: nearly all waiters come in the order of their tickets.
void WaiterList::insert(Waiter& waiter) {
  Waiter* before = last_;
  while (before != nullptr && before->ticket_ > waiter.ticket_) before = before->previous_;
  waiter.previous_ = before;
  waiter.next_ = before != nullptr ? before->next_ : first_;
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = &waiter;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = &waiter;
}

void WaiterList::remove(Waiter& waiter) {
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
}

bool WaitQueue::try_enter(ClientHash client) {
  if (!empty() || !gate_.try_enter(queues_.row_, queues_.rows(), 0)) return false;
  count(client);
  return true;
}

bool WaitQueue::enter(Waiter& waiter, ClientHash client, shm::Rank rank) {
  return try_enter(client) || wait(waiter, client, rank);
}

bool WaitQueue::wait(Waiter& waiter, ClientHash client, shm::Rank rank) {
  waiter.client_ = client;
  waiter.ticket_ = gate_.draw_ticket(rank) | (has_half(client) ? shm::kBehindAll : 0);
  waiter.since_ms_ = net::EventLoop::now_ms();
  append(waiter);
  // Another worker may have freed a slot before it could see our ticket, so try once more. Any
  // worker that frees a slot from now on sees the ticket.
  const bool entered = first(rank) == &waiter && try_take(waiter);
  if (entered) admit(waiter);
  // In either case our attempt may have made another worker's attempt fail (gate.h).
  notify_next();
  return entered;
}

std::uint32_t WaitQueue::in_service() const { return gate_.in_service(queues_.rows()); }

std::uint32_t WaitQueue::waiting() const { return gate_.waiting(queues_.rows()); }

std::uint32_t WaitQueue::waiting(shm::Rank rank) const {
  return gate_.waiting(queues_.rows(), rank);
}

void WaitQueue::leave(ClientHash client) {
  queues_.shares_.remove(bucket(client), queues_.row_);
  gate_.leave(queues_.row_);
  if (gate_.limit() != 0) notify_next();
}

void WaitQueue::cancel(Waiter& waiter) {
  const bool was_first = first(waiter.rank()) == &waiter;
  if (!waiter.is_last()) queues_.shares_.remove(bucket(waiter.client_), queues_.row_);
  remove(waiter);
  // A slot may have been reserved for this waiter; it is now for the next one.
  if (was_first) notify_next();
}

// An address is counted for each of its requests that are in service, or wait and are not last.
void WaitQueue::count(ClientHash client) { queues_.shares_.add(bucket(client), queues_.row_); }

bool WaitQueue::has_half(ClientHash client) const {
  return queues_.shares_.sum(bucket(client), queues_.rows()) >= shm::half_of(gate_.limit());
}

Waiter* WaitQueue::first(shm::Rank rank) const {
  Waiter* const queued = queued_[index(rank)].first();
  return queued != nullptr ? queued : last_[index(rank)].first();
}

Waiter* WaitQueue::next() const {
  Waiter* const known = first(shm::Rank::known);
  Waiter* const stranger = first(shm::Rank::stranger);
  if (known == nullptr || stranger == nullptr) return known != nullptr ? known : stranger;
  return gate_.is_turn_of_stranger(known->ticket_, stranger->ticket_) ? stranger : known;
}

void WaitQueue::append(Waiter& waiter) {
  waiter.queue_ = this;
  if (!waiter.is_last()) count(waiter.client_);
  list_of(waiter).insert(waiter);
  ++count_[index(waiter.rank())];
  publish(waiter.rank());
  queues_.activate(*this);
}

void WaitQueue::remove(Waiter& waiter) {
  list_of(waiter).remove(waiter);
  waiter.queue_ = nullptr;
  --count_[index(waiter.rank())];
  publish(waiter.rank());
}

// It has its slot.
void WaitQueue::admit(Waiter& waiter) {
  if (waiter.is_last()) count(waiter.client_);
  remove(waiter);
}

void WaitQueue::publish(shm::Rank rank) {
  const Waiter* const waiter = first(rank);
  gate_.publish_waiting(queues_.row_, waiter != nullptr ? waiter->ticket_ : 0, count_[index(rank)],
                        rank);
}

bool WaitQueue::try_take(const Waiter& waiter) {
  return gate_.try_enter(queues_.row_, queues_.rows(), waiter.ticket_);
}

// Whose turn it is depends on the waiters of all workers, so the first of either rank tries.
void WaitQueue::admit_waiters() {
  const auto admit_one = [this] {
    for (const shm::Rank rank : shm::kRanks) {
      Waiter* const waiter = first(rank);
      if (waiter == nullptr || !try_take(*waiter)) continue;
      serve(*waiter);
      return true;
    }
    return false;
  };
  while (admit_one()) {
  }
}

// It has a slot now.
void WaitQueue::serve(Waiter& waiter) {
  admit(waiter);
  waiter.admitted_(waiter.owner_);
}

// Waiters whose address has less than half by now take their places by arrival.
void WaitQueue::promote(WaiterList& list) {
  Waiter* waiter = list.first();
  for (int i = 0; i < kMostPerTick && waiter != nullptr; ++i) {
    Waiter& one = *waiter;
    waiter = WaiterList::after(one);
    if (has_half(one.client_)) continue;
    list.remove(one);
    one.ticket_ &= ~shm::kBehindAll;
    count(one.client_);
    list_of(one).insert(one);
    publish(one.rank());
  }
}

void WaitQueue::notify_next() {
  const shm::Row next = gate_.next_in_turn(queues_.rows());
  if (next != shm::kMaxRows) queues_.notify(next);
}

void WaitQueue::tick(std::uint64_t now_ms) {
  for (WaiterList& list : last_) promote(list);
  admit_waiters();
  const std::uint32_t limit = gate_.limit();
  const bool is_free = limit == 0 || gate_.in_service(queues_.rows()) < limit;
  // A slot was free at two ticks in a row, so the worker whose waiter is next is slow or dead.
  if (is_free && was_free_at_last_tick_ && !empty() &&
      gate_.try_enter_out_of_turn(queues_.row_, queues_.rows())) {
    serve(*next());
  }
  was_free_at_last_tick_ = is_free;
  for (const WaiterList& list : queued_) tell_waited_long(list, now_ms);
  for (const WaiterList& list : last_) tell_waited_long(list, now_ms);
}

void WaitQueue::tell_waited_long(const WaiterList& list, std::uint64_t now_ms) {
  Waiter* waiter = list.first();
  for (int i = 0; i < kMostPerTick && waiter != nullptr; ++i) {
    Waiter& one = *waiter;
    waiter = WaiterList::after(one);
    if (one.since_ms_ + kWaitedLongMs > now_ms) break;
    one.waited_long_(one.owner_);
  }
}

WaitQueues::WaitQueues(net::EventLoop& loop, shm::WorkerTable& workers, shm::ClientShares& shares,
                       shm::Row row, const std::vector<int>& wake_fds, int sleeper)
    : workers_(workers),
      shares_(shares),
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
