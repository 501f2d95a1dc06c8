// Timeouts that cost a request almost nothing: one FIFO list per duration, swept by one timer.
//
// A Deadline is a member of the object that times out. Starting it, or starting it again, moves it
// to the end of its list in O(1). All deadlines of a list have the same duration, so the list stays
// in order of expiry and a sweep visits expired deadlines only. A deadline fires up to one sweep
// period late, never early. Times are CLOCK_MONOTONIC milliseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>

namespace worker::net {

class DeadlineList;

class Deadline {
 public:
  using Callback = void (*)(void* owner);

  Deadline(Callback callback, void* owner) : callback_(callback), owner_(owner) {}
  ~Deadline() { stop(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void start(DeadlineList& list, std::uint64_t now_ms);  // restarts it when it is running
  void stop();
  bool running() const { return list_ != nullptr; }

 private:
  friend class DeadlineList;
  Callback callback_;
  void* owner_;
  DeadlineList* list_ = nullptr;
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
  std::uint64_t started_ms_ = 0;
};

// The running deadlines of one duration. Does not own them; outlives them.
class DeadlineList {
 public:
  explicit DeadlineList(std::uint64_t duration_ms) : duration_ms_(duration_ms) {}
  DeadlineList(const DeadlineList&) = delete;
  DeadlineList& operator=(const DeadlineList&) = delete;

  // Stops each deadline that is due and calls its callback, which may start and stop any deadline.
  void sweep(std::uint64_t now_ms);

 private:
  friend class Deadline;
  std::uint64_t duration_ms_;
  Deadline* first_ = nullptr;
  Deadline* last_ = nullptr;
};

// Owns a worker's lists. Parts look their lists up by duration when they are made.
class DeadlineLists {
 public:
  DeadlineList& of(std::uint64_t duration_ms);
  DeadlineList& of(std::chrono::seconds duration) {
    return of(static_cast<std::uint64_t>(duration.count()) * 1000);
  }
  void sweep(std::uint64_t now_ms);

 private:
  std::map<std::uint64_t, std::unique_ptr<DeadlineList>> lists_;
};

}  // namespace worker::net
