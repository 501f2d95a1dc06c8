// Time-outs at no cost per request: FIFO lists, one for each duration, swept by one tick.
//
// A Deadline is a member of the thing that times out. Starting or touching it moves it to the end
// of its list in O(1); since all of one list last equally long, the list is always in order, and a
// sweep looks at the expired ones only. A deadline fires up to one tick late, never early.
#pragma once

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

  void start(DeadlineList& list, std::uint64_t now_ms);  // from now; also when already started
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

// All the deadlines of one duration. Outlives them.
class DeadlineList {
 public:
  explicit DeadlineList(std::uint64_t duration_ms) : duration_ms_(duration_ms) {}
  DeadlineList(const DeadlineList&) = delete;
  DeadlineList& operator=(const DeadlineList&) = delete;

  // Stops and calls back each that is due; callbacks may start and stop any deadline.
  void sweep(std::uint64_t now_ms);

 private:
  friend class Deadline;
  std::uint64_t duration_ms_;
  Deadline* first_ = nullptr;
  Deadline* last_ = nullptr;
};

// The lists of a worker, found by duration while it starts.
class DeadlineLists {
 public:
  DeadlineList& of(std::uint64_t duration_ms);
  void sweep(std::uint64_t now_ms);

 private:
  std::map<std::uint64_t, std::unique_ptr<DeadlineList>> lists_;
};

}  // namespace worker::net
