// The requests of this worker that wait for a slot of a gate (`Threads` of a backend or a
// listener).
//
// The worker's half of shm::Gate: a FIFO of waiters, and the protocol with the other workers. Each
// gate has one WaitQueue. The worker has one WaitQueues, which other workers notify when they free
// a slot. A waiter is a member of its request's transaction; no queue owns waiters. Nothing here
// blocks or fails. Times are CLOCK_MONOTONIC milliseconds.
//
// A request is known or a stranger (shm::Rank), and is served in the order of its rank.
//
// While others wait, no client address gets more than half of the slots. A request whose address
// has half of them already, in service or waiting, goes to the end of the queue: it lets all pass
// that are not such. It takes its place by arrival again once its address has fewer. Requests of
// both ranks that are last take turns as other requests do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shm/client_shares.h"
#include "shm/gate.h"
#include "shm/worker_table.h"
#include "worker/net/event.h"

namespace worker::route {

class WaitQueue;
class WaitQueues;

using ClientHash = std::uint32_t;  // of a client's address: see client_hash.h

class Waiter {
 public:
  // The queue calls `admitted` when it has taken a slot for the waiter and has removed it. It calls
  // `waited_long` at each tick after the waiter has waited for kWaitedLongMs; the callback may take
  // a slot of another gate and then leave this queue with cancel().
  using Callback = void (*)(void* owner);
  Waiter(Callback admitted, Callback waited_long, void* owner)
      : admitted_(admitted), waited_long_(waited_long), owner_(owner) {}
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  bool waiting() const { return queue_ != nullptr; }

 private:
  friend class WaitQueue;
  friend class WaiterList;
  // Its address has half of the slots, so that it comes after all others.
  bool is_last() const { return (ticket_ & shm::kBehindAll) != 0; }
  shm::Rank rank() const { return shm::rank_of(ticket_); }

  Callback admitted_;
  Callback waited_long_;
  void* owner_;
  WaitQueue* queue_ = nullptr;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  shm::Ticket ticket_ = 0;
  std::uint64_t since_ms_ = 0;
  ClientHash client_ = 0;
};

// Waiters in the order of their tickets. Owns none.
class WaiterList {
 public:
  Waiter* first() const { return first_; }
  static Waiter* after(const Waiter& waiter) { return waiter.next_; }
  void insert(Waiter& waiter);
  void remove(Waiter& waiter);

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

// While a request waits, its worker checks the queues with this period. So when a worker is killed
// before it has notified another one, no request is delayed by more than two periods.
inline constexpr unsigned kWaitTickMs = 4;
inline constexpr std::uint64_t kWaitedLongMs = 100;

class WaitQueue {
 public:
  // `number` tells the gate from others, and is the same in all workers.
  WaitQueue(WaitQueues& queues, shm::Gate gate, std::uint32_t number)
      : queues_(queues), gate_(gate), number_(number) {}
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  // True: a slot is taken. False: the waiter is queued, and the queue calls `admitted` later, never
  // within this call.
  bool enter(Waiter& waiter, ClientHash client, shm::Rank rank = shm::Rank::known);
  // Takes a slot if one is free and no request of any worker waits for it. Never queues.
  bool try_enter(ClientHash client);
  // The second half of enter(), for a request that try_enter() has just refused. Returns the same.
  bool wait(Waiter& waiter, ClientHash client, shm::Rank rank = shm::Rank::known);
  // Gives a slot of this client back and notifies the worker whose waiter is next.
  void leave(ClientHash client);
  // Removes a waiter that is in this queue.
  void cancel(Waiter& waiter);
  bool empty() const { return count_[0] + count_[1] == 0; }
  // How many requests hold its slots, or wait for them, in all workers.
  std::uint32_t in_service() const;
  std::uint32_t waiting() const;
  std::uint32_t waiting(shm::Rank rank) const;

 private:
  friend class WaitQueues;
  Waiter* first(shm::Rank rank) const;
  Waiter* next() const;  // of both ranks, as far as this worker knows
  WaiterList& list_of(const Waiter& waiter) {
    return (waiter.is_last() ? last_ : queued_)[index(waiter.rank())];
  }
  static std::size_t index(shm::Rank rank) { return static_cast<std::size_t>(rank); }
  void append(Waiter& waiter);
  void remove(Waiter& waiter);
  void admit(Waiter& waiter);
  void promote(WaiterList& list);
  std::uint32_t bucket(ClientHash client) const {
    return shm::ClientShares::bucket(client, number_);
  }
  bool has_half(ClientHash client) const;
  void count(ClientHash client);
  void publish(shm::Rank rank);
  bool try_take(const Waiter& waiter);
  void admit_waiters();
  void serve(Waiter& waiter);
  void notify_next();
  void tick(std::uint64_t now_ms);
  void tell_waited_long(const WaiterList& list, std::uint64_t now_ms);

  WaitQueues& queues_;
  shm::Gate gate_;
  std::uint32_t number_;
  // By rank.
  WaiterList queued_[2];
  WaiterList last_[2];  // those whose address has half of the slots
  std::uint32_t count_[2] = {};
  bool is_active_ = false;  // in WaitQueues::active_
  bool was_free_at_last_tick_ = false;
};

// The queues of this worker that have waiters, their timer, and the socket that wakes the worker.
class WaitQueues {
 public:
  // `wake_fds` wake the processes of the rows, and outlive this object; `sleeper` wakes this worker
  // (net/wake.h).
  WaitQueues(net::EventLoop& loop, shm::WorkerTable& workers, shm::ClientShares& shares,
             shm::Row row, const std::vector<int>& wake_fds, int sleeper);

  // Calls `callback(owner)` after each notification, because it may also be an invitation to accept
  // clients (client/fair_share.h).
  void after_wake(void (*callback)(void* owner), void* owner);

 private:
  friend class WaitQueue;
  void on_wake();
  void on_tick();
  void serve_all(bool is_tick);
  void activate(WaitQueue& queue);
  void notify(shm::Row row);
  std::uint32_t rows() const;

  shm::WorkerTable& workers_;
  shm::ClientShares& shares_;
  shm::Row row_;
  const std::vector<int>& wake_fds_;
  int sleeper_;
  std::vector<WaitQueue*> active_;
  void (*after_wake_)(void* owner) = nullptr;
  void* after_wake_owner_ = nullptr;
  net::FdEvent wake_event_;
  net::Timer tick_;
};

}  // namespace worker::route
