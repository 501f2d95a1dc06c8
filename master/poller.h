// The master's event loop: descriptors and due times, each with a callback, in one ppoll(2).
//
// There are two kinds of sources. A watch has a descriptor, and its callback runs when ppoll(2)
// reports an event on it. A task has a due time, and its callback runs once that time has come. The
// poller asks each source for its descriptor or due time when it needs it and stores neither, so a
// source has nothing to keep up to date.
//
// Callbacks of ready watches run first, then those of due tasks, both in the order in which they
// were added. The poller asks for a task's due time just before the task's turn, so a task also
// runs when an earlier callback of the same pass made it due. Sources may be added and dropped at
// any time, also by a callback. Watches that are added during a pass are first polled in the next.
//
// An exception of a callback ends the pass. What is still ready or due then comes up again in the
// next pass. Owns no descriptor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "master/clock.h"

namespace master {

class Poller {
 public:
  using Fd = std::function<int()>;                      // -1: none at present
  using DueTime = std::function<std::uint64_t()>;       // by the poller's clock; kNow, kNever
  using Callback = std::function<void(std::uint64_t)>;  // gets the present time, ms
  using Clock = std::function<std::uint64_t()>;         // ms
  using Source = std::shared_ptr<const void>;           // the poller forgets it when this is gone

  explicit Poller(Clock clock = now_ms) : clock_(std::move(clock)) {}
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // `events` are those of poll(2). Errors and hang-ups are reported, too.
  [[nodiscard]] Source watch(Fd fd, short events, Callback on_event);
  [[nodiscard]] Source add_task(DueTime due_ms, Callback run);

  // One pass: sleeps until a descriptor is ready or a task is due, then runs their callbacks.
  void run_once();

 private:
  struct Watch {
    Fd fd;
    short events;
    Callback on_event;
  };
  struct Task {
    DueTime due_ms;
    Callback run;
  };

  void forget_dropped();
  void dispatch_events();
  void run_due_tasks();
  std::uint64_t sleep_ms() const;  // kNever: no task has a due time

  Clock clock_;
  std::vector<std::weak_ptr<const Watch>> watches_;
  std::vector<std::weak_ptr<const Task>> tasks_;
};

}  // namespace master
