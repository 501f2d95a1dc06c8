// See respawn_plan.h.
#include "master/respawn_plan.h"

#include <algorithm>

#include "master/clock.h"

namespace master {
namespace {

std::uint64_t delay_after(unsigned young_deaths) {
  if (young_deaths <= kFreeYoungDeaths) return 0;
  std::uint64_t delay = kFirstDelayMs;
  for (unsigned i = kFreeYoungDeaths + 1; i < young_deaths && delay < kLongestDelayMs; ++i) {
    delay *= 2;
  }
  return std::min(delay, kLongestDelayMs);
}

}  // namespace

std::uint64_t RespawnPlan::plan(WorkerId id, std::uint64_t lived_ms, std::uint64_t now_ms) {
  Slot& slot = slots_[id];
  slot.young_deaths = lived_ms < kYoungMs ? slot.young_deaths + 1 : 0;
  const std::uint64_t delay = delay_after(slot.young_deaths);
  slot.due_ms = now_ms + delay;
  return delay;
}

void RespawnPlan::retry(WorkerId id, std::uint64_t now_ms) {
  slots_[id].due_ms = now_ms + kFirstDelayMs;
}

std::vector<WorkerId> RespawnPlan::take_due(std::uint64_t now_ms) {
  std::vector<WorkerId> due;
  for (auto& [id, slot] : slots_) {
    if (!slot.due_ms || *slot.due_ms > now_ms) continue;
    slot.due_ms.reset();
    due.push_back(id);
  }
  return due;
}

bool RespawnPlan::holds(WorkerId id) const {
  const auto found = slots_.find(id);
  return found != slots_.end() && found->second.due_ms.has_value();
}

std::uint64_t RespawnPlan::due_ms() const {
  std::uint64_t due_ms = kNever;
  for (const auto& [id, slot] : slots_) due_ms = std::min(due_ms, slot.due_ms.value_or(kNever));
  return due_ms;
}

void RespawnPlan::clear() { slots_.clear(); }

}  // namespace master
