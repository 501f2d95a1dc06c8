// The command line. Opens no file.
//
// The options are those of Pound 3.0 (-v -c -d -f -p), and -F, -V, -W, -h, --help, --json and
// --schema. -v and -V win over everything else, even over an error in another option: init scripts
// use them to find out whether the program runs and which version it is. -h and --help win over the
// rest.
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
  enum class Action { run, check, version, help, schema };
  Action action = Action::run;
  bool foreground = false;  // -F, or -d with more than 0
  int detail = 0;           // -d: 0..kMaxDetail
  bool strict = false;      // -W: -c takes warnings for errors
  bool json = false;        // --json: -c writes JSON
  std::string config_file = POUND_CONFIG_FILE;
  std::string pid_file = POUND_PID_FILE;  // empty: none, in the foreground only
};

// The error in a command line, followed by the usage line.
struct UsageError : std::runtime_error {
  explicit UsageError(const std::string& mistake);
};

// What -h prints.
std::string help_text();

// Throws UsageError. `argv` may be reordered.
Options parse_options(int argc, char* const* argv);

}  // namespace master
