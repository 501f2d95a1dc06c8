// The worker's event loop, its registrations and its timers: libevent behind RAII.
//
// A process has one EventLoop and uses everything here from one thread. No other header includes
// libevent. A registration that fails returns false; only the constructor of EventLoop throws.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace worker::net {

// An object that EventLoop::dispose destroys. For connections and the like: their methods may be on
// the stack when they end.
class Disposable {
 public:
  Disposable() = default;
  virtual ~Disposable() = default;
  Disposable(const Disposable&) = delete;
  Disposable& operator=(const Disposable&) = delete;
};

class FdEvent;

class EventLoop {
 public:
  EventLoop();  // throws std::runtime_error when the system offers no edge-triggered epoll
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Calls `callback(owner)` before each wait for events.
  void before_wait(void (*callback)(void* owner), void* owner) {
    before_wait_ = callback;
    owner_ = owner;
  }
  void run();  // returns after stop(), and may then be called again
  void stop() { stopped_ = true; }

  // Destroys `object` after the callbacks of this turn.
  void dispose(std::unique_ptr<Disposable> object) { disposed_.push_back(std::move(object)); }

  // CLOCK_MONOTONIC in milliseconds with the precision of the kernel's tick (about 4 ms), for
  // deadlines. The clock is read once per turn of run(), because a request asks seven times: this
  // leaves 0.98 of its user-space instructions.
  static std::uint64_t now_ms();
  // CLOCK_MONOTONIC in microseconds, for measurements: the time of this turn's first call. The
  // error is at most the length of a turn. The clock is read once per turn, because one read costs
  // a hundredth of a request.
  std::uint64_t turn_us();

 private:
  friend class FdEvent;
  friend class Timer;
  event_base* base_;
  bool stopped_ = false;
  std::uint64_t turn_us_ = 0;                // 0 = not read in this turn
  static inline std::uint64_t turn_ms_ = 0;  // 0 = not read in this turn, or no loop runs
  static inline bool running_ = false;
  void (*before_wait_)(void* owner) = nullptr;
  void* owner_ = nullptr;
  std::vector<std::unique_ptr<Disposable>> disposed_;
  std::vector<FdEvent*> rescheduled_;  // called back in the next turn
};

// The events of a descriptor, as bits.
inline constexpr short kReadable = EV_READ;
inline constexpr short kWritable = EV_WRITE;
inline constexpr short kPeerClosed = EV_CLOSED;  // the peer has sent its end of stream

// The registration of one descriptor. Does not own the descriptor; the owner calls remove() before
// it closes the descriptor.
class FdEvent {
 public:
  using Callback = void (*)(void* owner, short what);

  FdEvent() = default;
  ~FdEvent() { remove(); }
  FdEvent(const FdEvent&) = delete;
  FdEvent& operator=(const FdEvent&) = delete;

  // Edge-triggered and persistent: one callback per change until remove().
  bool add_edge(EventLoop& loop, int fd, short what, Callback callback, void* owner);
  // Level-triggered and persistent: callbacks as long as the condition holds.
  bool add_level(EventLoop& loop, int fd, short what, Callback callback, void* owner);
  // As add_edge, with the loop, callback and owner of `other`. False when `other` is not
  // registered.
  bool add_edge_like(const FdEvent& other, int fd, short what);
  void remove();
  bool added() const { return loop_ != nullptr; }

  // Calls back with kReadable in the next turn, after the events of this turn. For an owner that
  // would take more than its fair share of one turn.
  void reschedule();

 private:
  friend class EventLoop;
  bool add(EventLoop& loop, int fd, short what, Callback callback, void* owner);
  static void on_event(evutil_socket_t, short what, void* event);

  EventLoop* loop_ = nullptr;  // set while registered
  Callback callback_ = nullptr;
  void* owner_ = nullptr;
  bool is_rescheduled_ = false;
  struct event event_;
};

// Calls back every `period_ms` from start() to stop().
class Timer {
 public:
  using Callback = void (*)(void* owner);

  Timer(EventLoop& loop, Callback callback, void* owner);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void start(unsigned period_ms);
  void stop();
  bool running() const { return running_; }

 private:
  static void on_event(evutil_socket_t, short, void* timer);

  Callback callback_;
  void* owner_;
  bool running_ = false;
  struct event event_;
};

}  // namespace worker::net
