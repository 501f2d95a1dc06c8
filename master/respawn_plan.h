// When a dead worker's successor is to be born: at once, or later where it dies young again and
// again, so that a worker that cannot live does not eat the machine.
//
// Pure bookkeeping on times that are given to it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "master/process_table.h"

namespace master {

inline constexpr std::uint64_t kYoungMs = 1000;       // a shorter life is a young death
inline constexpr unsigned kFreeYoungDeaths = 2;       // so many in a row cost nothing
inline constexpr std::uint64_t kFirstDelayMs = 1000;  // then this, doubled by each further one
inline constexpr std::uint64_t kLongestDelayMs = 30'000;

class RespawnPlan {
 public:
  // Plans the successor of one that lived so long; returns the delay.
  std::uint64_t plan(WorkerId id, std::uint64_t lived_ms, std::uint64_t now_ms);
  // A birth failed: to be tried again after kFirstDelayMs.
  void retry(WorkerId id, std::uint64_t now_ms);
  std::vector<WorkerId> take_due(std::uint64_t now_ms);
  bool holds(WorkerId id) const;                 // its successor is due some time
  std::optional<std::uint64_t> next_ms() const;  // when the first of those planned is due
  void clear();                                  // nobody is to be born any more

 private:
  struct Slot {
    unsigned young_deaths = 0;  // in a row
    std::optional<std::uint64_t> due_ms;
  };
  std::map<WorkerId, Slot> slots_;
};

}  // namespace master
