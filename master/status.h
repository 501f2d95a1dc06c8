// The answer to SIGUSR1: the whole state in the log, one line for each object (shm/status_text.h).
//
// Owns the lines until the log queue has taken them. A report may have thousands of lines and the
// syslog daemon may be slow: each turn sends a bounded number of lines, as fast as the daemon takes
// them, before the workers' records. Only one report exists at a time; requests that come meanwhile
// get one fresh report after it. After kStatusPatienceMs the rest of a report is out of date and is
// thrown away. The last line of the report says how many lines that were.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "master/generation.h"
#include "master/log_queue.h"
#include "shm/segment.h"
#include "shm/status_objects.h"

namespace master {

inline constexpr unsigned kStatusLinesPerTurn = 100;
inline constexpr std::uint64_t kStatusPatienceMs = 60'000;

// The present state. `generations` are all that have workers, the active one last.
std::vector<shm::StatusObject> take_status(shm::Segment& segment,
                                           const std::vector<const Generation*>& generations,
                                           std::uint64_t started_ms, std::uint64_t now_ms);

class StatusReport {
 public:
  StatusReport(shm::Segment& segment, LogQueue& log_queue, std::uint64_t started_ms)
      : segment_(segment), log_queue_(log_queue), started_ms_(started_ms) {}

  void ask() { asked_ = true; }
  std::uint64_t started_ms() const { return started_ms_; }
  // Sends the next lines. `generations` are all that have workers, the active one last.
  void turn(const std::vector<const Generation*>& generations, std::uint64_t now_ms);
  // When the next turn is due, unless LogQueue::writable_fd reports earlier.
  std::uint64_t due_ms() const;

 private:
  void begin(const std::vector<const Generation*>& generations, std::uint64_t now_ms);
  void give_up();
  void send();

  shm::Segment& segment_;
  LogQueue& log_queue_;
  std::uint64_t started_ms_;
  bool asked_ = false;
  bool is_slow_ = false;  // the log queue did not take the next line
  std::vector<std::string> lines_;
  std::size_t next_ = 0;  // index of the line to send next
  std::uint64_t begun_ms_ = 0;
  std::uint64_t last_turn_ms_ = 0;
};

}  // namespace master
