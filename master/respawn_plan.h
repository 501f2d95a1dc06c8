// When the successor of a dead worker starts: at once, or with a growing delay if the worker exits
// soon after each start, so that a worker that cannot live does not keep the machine busy.
//
// Pure bookkeeping on times that the caller passes in, in milliseconds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "master/process_table.h"

namespace master {

inline constexpr std::uint64_t kYoungMs = 1000;       // a shorter life is a young death
inline constexpr unsigned kFreeYoungDeaths = 2;       // so many in a row cause no delay
inline constexpr std::uint64_t kFirstDelayMs = 1000;  // for the next one, doubled for each further
inline constexpr std::uint64_t kLongestDelayMs = 30'000;

class RespawnPlan {
 public:
  // Plans the successor of a worker that lived for `lived_ms`; returns the delay.
  std::uint64_t plan(WorkerId id, std::uint64_t lived_ms, std::uint64_t now_ms);
  // Plans another attempt after kFirstDelayMs, because a start failed.
  void retry(WorkerId id, std::uint64_t now_ms);
  // Removes the successors that are due from the plan and returns them.
  std::vector<WorkerId> take_due(std::uint64_t now_ms);
  bool holds(WorkerId id) const;  // a successor is planned
  std::uint64_t due_ms() const;   // of the earliest one, or kNever
  void clear();                   // no worker starts any more; forgets young deaths, too

 private:
  struct Slot {
    unsigned young_deaths = 0;  // in a row
    std::optional<std::uint64_t> due_ms;
  };
  std::map<WorkerId, Slot> slots_;
};

}  // namespace master
