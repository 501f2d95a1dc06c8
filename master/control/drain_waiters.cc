// See drain_waiters.h.
#include "master/control/drain_waiters.h"

#include <utility>

namespace master::control {

InFlight in_flight(shm::Segment& segment, const std::vector<std::uint32_t>& rows) {
  InFlight sum;
  const shm::Row processes = segment.workers().rows_in_use();
  for (const std::uint32_t row : rows) {
    const shm::Gate gate = segment.backends().gate(row);
    sum.in_service += gate.in_service(processes);
    sum.waiting += gate.waiting(processes);
  }
  return sum;
}

std::string text_of(const InFlight& requests) {
  if (requests.none()) return "no request is in flight";
  std::string text = std::to_string(requests.in_service) +
                     (requests.in_service == 1 ? " request is" : " requests are") + " in flight";
  if (requests.waiting != 0) {
    text += ", " + std::to_string(requests.waiting) + (requests.waiting == 1 ? " waits" : " wait");
  }
  return text;
}

void DrainWaiters::add(DrainWaiter waiter, std::uint64_t now_ms) {
  if (waiting_.empty()) due_ms_ = now_ms + kSettleMs;
  waiting_.push_back({std::move(waiter), now_ms});
}

void DrainWaiters::turn(std::uint64_t now_ms) {
  std::erase_if(waiting_, [&](const Waiting& one) {
    return !one.who.reply.is_awaited() || is_answered(one, now_ms);
  });
  due_ms_ = now_ms + kLookMs;
}

bool DrainWaiters::is_answered(const Waiting& waiting, std::uint64_t now_ms) {
  const DrainWaiter& who = waiting.who;
  const std::uint64_t waited_ms = now_ms - waiting.began_ms;
  const shm::AdminState state = segment_.backends().admin().state(who.rows.front());
  const std::string is = "backend " + who.title + " is " + std::string(to_text(state));
  if (state != who.wanted) {
    who.reply.refuse(is + " now: somebody has changed it meanwhile");
    return true;
  }
  const InFlight left = in_flight(segment_, who.rows);
  if (waited_ms >= kSettleMs && left.none()) {
    who.reply.answer(is + "; " + text_of(left) + "\n" + who.warnings);
    return true;
  }
  if (!who.patience_s || waited_ms < *who.patience_s * 1000) return false;
  who.reply.refuse(is + ", but after " + std::to_string(*who.patience_s) + " s " + text_of(left));
  return true;
}

}  // namespace master::control
