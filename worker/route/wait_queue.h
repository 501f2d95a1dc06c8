// Who waits in this worker for a slot of one gate (`Threads` of a backend or of a listener).
//
// The worker's half of shm::Gate: a FIFO of waiters and the protocol with the other workers. A
// waiter is a member of a transaction; the queue never owns it. One queue for each gate, one
// WaitQueues for the worker, which also hears when another worker frees a slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shm/gate.h"
#include "shm/worker_table.h"
#include "worker/net/event.h"

namespace worker::route {

class WaitQueue;
class WaitQueues;

class Waiter {
 public:
  // `admitted`: the slot is taken, the waiter is out of the queue. `restless`: it has waited for
  // kRestlessMs and may look for a slot elsewhere (leaving this queue if it finds one).
  using Callback = void (*)(void* owner);
  Waiter(Callback admitted, Callback restless, void* owner)
      : admitted_(admitted), restless_(restless), owner_(owner) {}
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  bool waiting() const { return queue_ != nullptr; }

 private:
  friend class WaitQueue;
  Callback admitted_;
  Callback restless_;
  void* owner_;
  WaitQueue* queue_ = nullptr;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  shm::Ticket ticket_ = 0;
  std::uint64_t since_ms_ = 0;
};

// While anybody waits the worker looks at the queues this often, so that a wake-up which was lost
// with a killed worker delays nobody for longer than two periods.
inline constexpr unsigned kWaitTickMs = 4;
inline constexpr std::uint64_t kRestlessMs = 100;

class WaitQueue {
 public:
  WaitQueue(WaitQueues& queues, shm::Gate& gate) : queues_(queues), gate_(gate) {}
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  // True: a slot is taken. False: queued; `admitted` will be called, never from in here.
  bool enter(Waiter& waiter);
  // A slot if one is free now and nobody waits for it.
  bool try_enter();
  // Gives a slot back and lets the next in turn know, here or in another worker.
  void leave();
  void cancel(Waiter& waiter);
  bool empty() const { return first_ == nullptr; }

 private:
  friend class WaitQueues;
  void append(Waiter& waiter);
  void remove(Waiter& waiter);
  void publish();
  void admit_those_in_turn();
  void pass_on_the_turn();
  void tick(std::uint64_t now_ms);

  WaitQueues& queues_;
  shm::Gate& gate_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::uint32_t count_ = 0;
  bool listed_ = false;  // in WaitQueues::active_
  bool free_at_last_tick_ = false;
};

// All queues of a worker that somebody waits in.
class WaitQueues {
 public:
  // `wake_fds`: the eventfd of each row; ours is read, those of others are written.
  WaitQueues(net::EventLoop& loop, shm::WorkerTable& workers, shm::Row row,
             const std::vector<int>& wake_fds);

  // A wake-up may also mean something else: `callback` is called at each.
  void at_each_wake(void (*callback)(void* owner), void* owner);

 private:
  friend class WaitQueue;
  void on_wake();
  void on_tick();
  void serve_all(bool is_tick);
  void list(WaitQueue& queue);
  void wake(shm::Row row);
  std::uint32_t rows() const;

  shm::WorkerTable& workers_;
  shm::Row row_;
  const std::vector<int>& wake_fds_;
  std::vector<WaitQueue*> active_;
  void (*woken_)(void* owner) = nullptr;
  void* woken_owner_ = nullptr;
  net::FdEvent wake_event_;
  net::Timer tick_;
};

}  // namespace worker::route
