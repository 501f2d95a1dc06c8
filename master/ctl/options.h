// The command line of poundctl. Opens no file.
//
// Options before the command are poundctl's; what follows it belongs to the command.
#pragma once

#include <string>
#include <vector>

namespace master::ctl {

struct Options {
  enum class Action { run, help, version };
  Action action = Action::run;
  std::string socket;              // -s; empty: that of the configuration
  std::string config_file;         // -f
  std::vector<std::string> words;  // the command and its arguments; at least one
};

std::string help_text();

// Throws Failure with kMisused. `argv` may be reordered.
Options parse_options(int argc, char* const* argv);

}  // namespace master::ctl
