// The commands standby and resume: this machine gives its clients to another one, and takes them
// again.
//
// The state lies in the segment (shm/standby.h), so workers obey at once; the address of the
// machine follows because the command `health` refuses soon. Owns the operators that wait until the
// clients have left. Times are CLOCK_MONOTONIC milliseconds.
#pragma once

#include <cstdint>
#include <vector>

#include "master/clock.h"
#include "master/control/commands.h"
#include "master/log_queue.h"
#include "shm/segment.h"

namespace master::control {

// From then on `health` refuses. The address cannot move before that, so connections have this time
// to end, and that between the two refusals that keepalived needs.
inline constexpr std::uint64_t kUnhealthyAfterMs = 1000;
// What the other machine may need to take the address over. As long as new clients may come, no
// number of clients says that the last one has left.
inline constexpr std::uint64_t kTakeOverMs = 5000;
inline constexpr std::uint64_t kStandbyPatience = 30;  // seconds, of --wait without a number
inline constexpr std::uint64_t kStandbyLookMs = 10;    // between two looks at the number of clients

class StandbyCommands {
 public:
  StandbyCommands(shm::Segment& segment, LogQueue& log_queue)
      : segment_(segment), log_queue_(log_queue) {}
  StandbyCommands(const StandbyCommands&) = delete;
  StandbyCommands& operator=(const StandbyCommands&) = delete;

  void add_to(Commands& commands);
  std::uint64_t due_ms() const { return waiting_.empty() ? kNever : due_ms_; }
  void turn(std::uint64_t now_ms);

 private:
  struct Waiting {
    Reply reply;
    std::uint64_t began_ms;
    std::uint64_t patience_s;
  };
  void begin(Call call);
  void end(const Call& call);
  bool is_answered(const Waiting& waiting, std::uint64_t now_ms) const;

  shm::Segment& segment_;
  LogQueue& log_queue_;
  std::vector<Waiting> waiting_;
  std::uint64_t due_ms_ = kNever;
};

}  // namespace master::control
