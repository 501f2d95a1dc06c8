// The command line, and nothing else: no file is looked at here.
//
// Knows the options of Pound 3.0 (-v -c -d -f -p), and -F and -V. -v and -V win over everything,
// even over a mistake beside them, because init scripts only ask "does it run, and which one is
// it".
#pragma once

#include <stdexcept>
#include <string>

#ifndef POUND_CONFIG_FILE
#define POUND_CONFIG_FILE "/etc/pound/pound.yaml"
#endif
#ifndef POUND_PID_FILE
#define POUND_PID_FILE "/var/run/pound.pid"
#endif

namespace master {

inline constexpr int kMaxDetail = 9;  // -d

struct Options {
  enum class Action { run, check, version };
  Action action = Action::run;
  bool foreground = false;  // -F, or -d with more than 0
  int detail = 0;           // -d: 0..kMaxDetail
  std::string config_file = POUND_CONFIG_FILE;
  std::string pid_file = POUND_PID_FILE;
};

// What is wrong with a command line, with the usage line below it.
struct UsageError : std::runtime_error {
  explicit UsageError(const std::string& mistake);
};

// Throws UsageError. `argv` may be reordered.
Options parse_options(int argc, char* const* argv);

}  // namespace master
