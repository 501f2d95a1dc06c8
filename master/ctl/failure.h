// Why poundctl ends without having done what it was asked for, with its exit status.
#pragma once

#include <stdexcept>
#include <string>

namespace master::ctl {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;    // the daemon has refused, or not done, the command
inline constexpr int kMisused = 2;   // the command line is no command
inline constexpr int kNoDaemon = 3;  // no daemon takes commands there

struct Failure : std::runtime_error {
  Failure(int exit_status, const std::string& text)
      : std::runtime_error(text), status(exit_status) {}
  int status;
};

}  // namespace master::ctl
