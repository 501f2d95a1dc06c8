// Why the program cannot start, in the words that the operator reads. Thrown on the way up only,
// caught in main; once the workers are ready nothing throws it past the supervisor.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace master {

struct StartError : std::runtime_error {
  explicit StartError(const std::string& what) : StartError(std::vector<std::string>{what}) {}
  // "what: the system's reason"
  StartError(const std::string& what, int error) : StartError(what + ": " + std::strerror(error)) {}
  // Several at once; at least one.
  explicit StartError(std::vector<std::string> all)
      : std::runtime_error(all.front()), reasons(std::move(all)) {}

  std::vector<std::string> reasons;
};

// The start failed, and the daemon has said why.
struct StartFailed {};

}  // namespace master
