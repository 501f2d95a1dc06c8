// Asks the daemon: one command, one answer, one connection (see pound(8), CONTROL SOCKET).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace master::ctl {

// The path that the configuration file gives. Throws Failure. When the file cannot be read or has
// errors, the daemon may run all the same: then this is the usual path, with a line on standard
// error.
std::string socket_of(const std::string& config_file);

// The words as one line of the protocol. Throws Failure when a word has a control character, or the
// line is too long.
std::string line_of(const std::vector<std::string>& words);

// Sends the words and returns the whole answer. Throws Failure: when nobody answers, or the daemon
// refuses. Waits for the answer as long as it takes, or `patience`.
std::string ask(const std::string& socket, const std::vector<std::string>& words,
                std::optional<std::chrono::milliseconds> patience = std::nullopt);

}  // namespace master::ctl
