// Why the program cannot start, in words for the operator. Thrown during the start and caught in
// main. Once the workers are ready, the supervisor catches it.
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
  // Several reasons; at least one.
  explicit StartError(std::vector<std::string> all)
      : std::runtime_error(all.front()), reasons(std::move(all)) {}

  std::vector<std::string> reasons;
};

// The start failed, and the daemon has written the reason already.
struct StartFailed {};

}  // namespace master
