// Puts a worker's log records into its ring, from which the master takes them.
//
// One per worker process; borrows the ring and the doorbell. Copies bytes and makes no system call,
// except the one that wakes a sleeping master. The ring drops and counts a record that does not
// fit; write() does not report it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace shm {
class LogRing;
}

namespace worker::log {

// The severities of syslog(3): the master passes them on unchanged.
enum class Severity : int { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

class Log {
 public:
  // `doorbell` is the socket that wakes the master. `detail` is in the segment: 0 = regular, 1 and
  // more = more. It may change at any time.
  Log(shm::LogRing& ring, int doorbell, const std::atomic<std::uint32_t>& detail);
  // Text from outside must have been escaped (escape.h).
  void write(Severity severity, std::string_view text);
  std::uint32_t detail() const { return detail_.load(std::memory_order_relaxed); }

 private:
  shm::LogRing& ring_;
  int doorbell_;
  const std::atomic<std::uint32_t>& detail_;
};

}  // namespace worker::log
