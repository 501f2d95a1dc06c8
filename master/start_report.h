// What the log is told at the start: who we are, what we serve, and what the configuration's
// reader warned of (a daemon's standard error is soon forgotten).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conf/diagnostic.h"
#include "master/log_queue.h"
#include "worker/heritage.h"

namespace master {

// "FILE:LINE: message" of each warning.
std::vector<std::string> warnings_of(const conf::Diagnostics& diagnostics);

class StartReport {
 public:
  StartReport(const worker::Heritage& heritage, const conf::Diagnostics& diagnostics,
              std::uint64_t file_limit);
  void write(LogQueue& log_queue) const;

 private:
  std::string headline_;
  std::vector<std::string> warnings_;
  std::uint64_t file_limit_;
};

}  // namespace master
