// Finds workers whose heartbeat stands still, says in the log what they were doing, and kills them.
// The supervisor reaps them like all others and starts their successors.
//
// Looks at the heartbeats of all ready workers once every kLookMs. Workers that are not ready yet
// have a deadline of their own, which is the supervisor's. After a pause of the master itself (the
// machine was suspended, the container was stopped) the workers may have been stopped as well, so
// the watchdog then forgets what it saw and starts anew.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "master/generation.h"
#include "master/log_queue.h"
#include "master/process_table.h"
#include "shm/segment.h"

namespace master {

inline constexpr std::uint64_t kStandstillMs = 10'000;  // a heart beats ten times a second
inline constexpr std::uint64_t kLookMs = 1000;
inline constexpr std::uint64_t kAbsenceMs = 3000;  // a longer time between two looks is a pause

class Watchdog {
 public:
  Watchdog(shm::Segment& segment, LogQueue& log_queue) : segment_(segment), log_queue_(log_queue) {}

  // Looks, and kills those that it finds. `generations` are all that have workers, the active one
  // last.
  void turn(const ProcessTable& processes, const std::vector<const Generation*>& generations,
            std::uint64_t now_ms);
  std::uint64_t due_ms() const { return last_look_ms_ + kLookMs; }

  // The workers that have stood still for kStandstillMs. Returns each of them once.
  std::vector<WorkerId> look(const ProcessTable& processes, std::uint64_t now_ms);

 private:
  struct Watched {
    pid_t pid = 0;
    std::uint64_t beat_ms = 0;   // written by the worker: only a change of it counts
    std::uint64_t since_ms = 0;  // when the watchdog first saw this beat
    bool reported = false;
  };
  std::string explain(const Process& process,
                      const std::vector<const Generation*>& generations) const;

  shm::Segment& segment_;
  LogQueue& log_queue_;
  std::map<WorkerId, Watched> watched_;
  std::uint64_t last_look_ms_ = 0;
};

}  // namespace master
