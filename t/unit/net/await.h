// Turns an event loop until a condition holds, so that no test has to sleep.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <utility>

#include "worker/net/deadline.h"
#include "worker/net/event.h"

namespace net_test {

// A test that waits for longer than this has failed.
inline constexpr std::chrono::seconds kPatience{20};

// Looks at `holds` in every turn of the loop, and once a millisecond. False when it never held.
template <class Condition>
bool await(worker::net::EventLoop& loop, Condition holds) {
  struct Look {
    worker::net::EventLoop& loop;
    Condition& holds;
    std::chrono::steady_clock::time_point end = std::chrono::steady_clock::now() + kPatience;
    bool held = false;
  } look{loop, holds};
  worker::net::Timer timer(
      loop,
      [](void* self) {
        auto* const me = static_cast<Look*>(self);
        if (!me->held) me->held = me->holds();
        if (me->held || std::chrono::steady_clock::now() > me->end) me->loop.stop();
      },
      &look);
  timer.start(1);
  // The code under test may have stopped the loop.
  while (!look.held && std::chrono::steady_clock::now() <= look.end) loop.run();
  return look.held;
}

// Gives the loop time for all events that are due now: it looks at its descriptors in every turn.
inline void turn(worker::net::EventLoop& loop, int turns = 3) {
  await(loop, [&] { return turns-- <= 0; });
}

// Runs the loop until the code under test stops it. False when that never happens.
inline bool is_stopped(worker::net::EventLoop& loop) {
  struct Guard {
    worker::net::EventLoop& loop;
    bool is_over = false;
  } guard{loop};
  worker::net::Timer timer(
      loop,
      [](void* self) {
        auto* const me = static_cast<Guard*>(self);
        me->is_over = true;
        me->loop.stop();
      },
      &guard);
  timer.start(static_cast<unsigned>(std::chrono::milliseconds(kPatience).count()));
  loop.run();
  return !guard.is_over;
}

// Lets all deadlines of this duration expire that were started until now. Deadlines that their
// callbacks start anew keep running.
inline void expire(worker::net::DeadlineLists& lists, std::uint64_t duration_ms) {
  using worker::net::EventLoop;
  const std::uint64_t now = EventLoop::now_ms();
  while (EventLoop::now_ms() == now) {
  }
  lists.of(duration_ms).sweep(now + duration_ms + 1);
}

}  // namespace net_test
