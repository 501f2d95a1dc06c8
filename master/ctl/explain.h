// The command `explain`: what would become of a request, and why.
//
// Reads the configuration itself, and only what decides about requests: no certificate, key or file
// of users. Sends nothing to a backend. Asks the daemon, if there is one, for the states of the
// backends and for the session.
#pragma once

#include <string>
#include <vector>

namespace master::ctl {

struct ExplainOptions {
  std::string socket;              // of the daemon; empty: that of the configuration
  std::string config_file;         // the file to read
  std::vector<std::string> words;  // of the command, behind its name
};

// Returns the text to be printed, not escaped. Throws Failure.
std::string explain(const ExplainOptions& options);

}  // namespace master::ctl
