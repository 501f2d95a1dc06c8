// How a worker speaks: records in its ring, and the one way to make foreign bytes printable.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shm {
class LogRing;
}

namespace worker::log {

// syslog(3) severities, so that the master can pass them on as they are.
enum class Severity : int { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

// Appends `bytes` with control bytes, bytes above 0x7e, '"' and '\' as \xNN; what would take more
// than `most` bytes so is cut, with "..." in its place.
void append_escaped(std::string& out, std::string_view bytes, std::size_t most = 2048);
std::string escaped(std::string_view bytes, std::size_t most = 2048);

// Owned by the worker, one for each process; copies bytes into the ring and makes no system call
// but the one that wakes a sleeping master.
class Log {
 public:
  Log(shm::LogRing& ring, int doorbell, int detail);
  void write(Severity severity, std::string_view text);
  int detail() const { return detail_; }

 private:
  shm::LogRing& ring_;
  int doorbell_;
  int detail_;
};

}  // namespace worker::log
