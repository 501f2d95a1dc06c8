// What SIGUSR1 puts into the log: the whole state, one line for each object (shm/status_text.h).
//
// Owns the lines until the log has taken them. A dump may be thousands of lines and a syslog daemon
// slow: they go out as fast as it takes them, a bounded number in each turn, before the workers'
// records. No more than one dump is held; who asks meanwhile gets a fresh one after it. What nobody
// has taken within kStatusPatienceMs is out of date and thrown away: the dump's last line counts
// it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "master/generation.h"
#include "master/log_queue.h"
#include "shm/segment.h"

namespace master {

inline constexpr unsigned kStatusLinesPerTurn = 100;
inline constexpr std::uint64_t kStatusPatienceMs = 60'000;

class StatusReport {
 public:
  StatusReport(shm::Segment& segment, LogQueue& log_queue, std::uint64_t started_ms)
      : segment_(segment), log_queue_(log_queue), started_ms_(started_ms) {}

  void ask() { asked_ = true; }
  // `generations` that have workers, the current one last.
  void turn(const std::vector<const Generation*>& generations, std::uint64_t now_ms);

  // How long the master may block: milliseconds, -1 = until it is asked.
  int timeout_ms() const;

 private:
  void begin(const std::vector<const Generation*>& generations, std::uint64_t now_ms);
  void give_up();
  void send();

  shm::Segment& segment_;
  LogQueue& log_queue_;
  std::uint64_t started_ms_;
  bool asked_ = false;
  bool is_slow_ = false;
  std::vector<std::string> lines_;
  std::size_t next_ = 0;  // of those, to be sent
  std::uint64_t begun_ms_ = 0;
};

}  // namespace master
