// Operators that wait until no request is in flight at a backend that they have drained or
// disabled.
//
// A worker that was choosing a backend at the moment of the change counts its request a few
// microseconds later. So the first look is kSettleMs after the change. Times are CLOCK_MONOTONIC
// milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "master/clock.h"
#include "master/control/reply.h"
#include "shm/segment.h"

namespace master::control {

inline constexpr std::uint64_t kSettleMs = 20;
inline constexpr std::uint64_t kLookMs = 10;  // between two looks

// The requests of a backend, over all workers.
struct InFlight {
  std::uint32_t in_service = 0;
  std::uint32_t waiting = 0;
  bool none() const { return in_service == 0 && waiting == 0; }
};
InFlight in_flight(shm::Segment& segment, const std::vector<std::uint32_t>& rows);
// "3 requests are in flight, 1 waits"
std::string text_of(const InFlight& requests);

struct DrainWaiter {
  std::vector<std::uint32_t> rows;
  shm::AdminState wanted = shm::AdminState::drained;
  std::string title;     // of the backend
  std::string warnings;  // lines for the answer
  std::optional<std::uint64_t> patience_s;
  Reply reply;
};

class DrainWaiters {
 public:
  explicit DrainWaiters(shm::Segment& segment) : segment_(segment) {}

  void add(DrainWaiter waiter, std::uint64_t now_ms);
  std::uint64_t due_ms() const { return waiting_.empty() ? kNever : due_ms_; }
  void turn(std::uint64_t now_ms);

 private:
  struct Waiting {
    DrainWaiter who;
    std::uint64_t began_ms;
  };
  bool is_answered(const Waiting& waiting, std::uint64_t now_ms);

  shm::Segment& segment_;
  std::vector<Waiting> waiting_;
  std::uint64_t due_ms_ = kNever;
};

}  // namespace master::control
