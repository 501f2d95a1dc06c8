// Workers whose heartbeat stands still: found, explained in the log, killed. Their deaths, which
// the supervisor reaps like all others, bring their successors.
//
// Looks once a second at the heartbeats of those that are ready; who has to become ready has a
// deadline of its own. `look` is pure bookkeeping on times that are given to it. When the master
// itself was not there for some time (a machine that was suspended, a container that was stopped)
// nobody else may have been either: the watch then begins anew.
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

inline constexpr std::uint64_t kStandstillMs = 10'000;  // a heart that beats ten times a second
inline constexpr std::uint64_t kLookMs = 1000;
inline constexpr std::uint64_t kAbsenceMs = 3000;  // between two looks: we were not there ourselves

class Watchdog {
 public:
  Watchdog(shm::Segment& segment, LogQueue& log_queue) : segment_(segment), log_queue_(log_queue) {}

  // `generations` that have workers, the current one last.
  void turn(const ProcessTable& processes, const std::vector<const Generation*>& generations,
            std::uint64_t now_ms);
  std::uint64_t next_ms() const { return last_look_ms_ + kLookMs; }  // when to look again

  // Who has stood still for kStandstillMs; each is told once.
  std::vector<WorkerId> look(const ProcessTable& processes, std::uint64_t now_ms);

 private:
  struct Watched {
    pid_t pid = 0;
    std::uint64_t beat_ms = 0;   // as the worker said it: only whether it changes matters
    std::uint64_t since_ms = 0;  // when we first saw it so
    bool told = false;
  };
  std::string explain(const Process& process,
                      const std::vector<const Generation*>& generations) const;

  shm::Segment& segment_;
  LogQueue& log_queue_;
  std::map<WorkerId, Watched> watched_;
  std::uint64_t last_look_ms_ = 0;
};

}  // namespace master
