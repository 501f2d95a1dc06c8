// The first log entries: version, what the program serves, and the warnings about the
// configuration, which would otherwise appear on the standard error of the command only.
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
