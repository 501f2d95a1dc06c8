// When the machine goes on standby: for a few seconds, new connections get no answer.
//
// A connection that is open when the address moves is lost: the other machine does not know it. So,
// before keepalived moves the address, the kernel begins to drop the first packet of each new
// connection (SYN), and what is open comes to its end. Clients repeat that packet after one second
// and after three, and meet the machine that has the address by then; this one again if no other
// has come. Not on Unix sockets, and not on inherited ones, which outlive this process. Owns
// nothing. Times are CLOCK_MONOTONIC milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "master/clock.h"
#include "master/listener.h"
#include "shm/standby.h"

namespace master {

// After the command. `health` refuses from the first second on. keepalived asks once a second and
// moves the address at the second refusal, so 2 to 3 seconds after the command, and the other
// machine takes less than one more.
inline constexpr std::uint64_t kPauseFromMs = 700;
inline constexpr std::uint64_t kPauseUntilMs = 4000;

class StandbyPause {
 public:
  using Sockets = std::function<const std::vector<ListeningSockets>&()>;

  // `active` has the sockets of the active generation.
  StandbyPause(const shm::Standby& standby, Sockets active)
      : standby_(standby), active_(std::move(active)) {}
  StandbyPause(const StandbyPause&) = delete;
  StandbyPause& operator=(const StandbyPause&) = delete;

  std::uint64_t due_ms() const;
  void turn(std::uint64_t now_ms);
  // Lets the sockets be as they were, until the next turn(). For those who look for changes that
  // others have made.
  void lift();

 private:
  const shm::Standby& standby_;
  Sockets active_;
  bool is_on_ = false;
  std::uint64_t done_since_ms_ = 0;  // the time on standby whose pause is over
};

}  // namespace master
