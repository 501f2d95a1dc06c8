// The worker's event loop, and what is registered with it: libevent behind RAII.
//
// One EventLoop for each process. Everything here is used from one thread, from callbacks of the
// loop. The only header that includes libevent.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace worker::net {

// What is destroyed through EventLoop::dispose: connections and the like, whose methods may still
// be on the stack when it is decided that they end.
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
  EventLoop();  // throws std::runtime_error when the system has no edge-triggered epoll to give
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Called before each wait for events, and given `owner`.
  void before_wait(void (*callback)(void* owner), void* owner) {
    before_wait_ = callback;
    owner_ = owner;
  }
  void run();  // until stop(); may be called again after that
  void stop() { stopped_ = true; }

  // Ends `object` when the callbacks of this turn are done.
  void dispose(std::unique_ptr<Disposable> object) { disposed_.push_back(std::move(object)); }

  // CLOCK_MONOTONIC in milliseconds, to the kernel's tick (about 4 ms), for deadlines. Within a
  // turn of run() it stands still: a request asks seven times (0.98 of its user-space
  // instructions).
  static std::uint64_t now_ms();
  // CLOCK_MONOTONIC in microseconds, to measure by: when this turn first asked. Exact to the length
  // of a turn, and read once in it, because reading it costs as much as a hundredth of a request.
  std::uint64_t turn_us();

 private:
  friend class FdEvent;
  friend class Timer;
  event_base* base_;
  bool stopped_ = false;
  std::uint64_t turn_us_ = 0;                // 0 = not asked yet
  static inline std::uint64_t turn_ms_ = 0;  // 0 = not asked yet, or no loop runs
  static inline bool running_ = false;
  void (*before_wait_)(void* owner) = nullptr;
  void* owner_ = nullptr;
  std::vector<std::unique_ptr<Disposable>> disposed_;
  std::vector<FdEvent*> again_;  // events to be raised in the next turn
};

// What a callback is told about its descriptor.
inline constexpr short kReadable = EV_READ;
inline constexpr short kWritable = EV_WRITE;
inline constexpr short kPeerClosed = EV_CLOSED;  // the peer has sent its end of stream

// One descriptor's registration. Does not own the descriptor; its owner removes it before closing.
class FdEvent {
 public:
  using Callback = void (*)(void* owner, short what);

  FdEvent() = default;
  ~FdEvent() { remove(); }
  FdEvent(const FdEvent&) = delete;
  FdEvent& operator=(const FdEvent&) = delete;

  // Edge-triggered and persistent: a callback for each change, until removed.
  bool add_edge(EventLoop& loop, int fd, short what, Callback callback, void* owner);
  // Level-triggered and persistent: for listening sockets and the like.
  bool add_level(EventLoop& loop, int fd, short what, Callback callback, void* owner);
  // Edge-triggered, with the loop, the callback and the owner of `other`, which is registered.
  bool add_edge_like(const FdEvent& other, int fd, short what);
  void remove();
  bool added() const { return loop_ != nullptr; }

  // Calls back with kReadable in the next turn, after the others had theirs: for an owner that
  // has more to read than is fair in one turn.
  void raise_again();

 private:
  friend class EventLoop;
  bool add(EventLoop& loop, int fd, short what, Callback callback, void* owner);
  static void on_event(evutil_socket_t, short what, void* event);

  EventLoop* loop_ = nullptr;  // set while registered
  Callback callback_ = nullptr;
  void* owner_ = nullptr;
  bool queued_again_ = false;
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
