// Why the program cannot start, in the words that the operator reads. Thrown on the way up only,
// caught in main; once the workers are ready nothing throws it past the supervisor.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>

namespace master {

struct StartError : std::runtime_error {
  using std::runtime_error::runtime_error;
  // "what: the system's reason"
  StartError(const std::string& what, int error)
      : std::runtime_error(what + ": " + std::strerror(error)) {}
};

// The start failed, and the daemon has said why.
struct StartFailed {};

}  // namespace master
