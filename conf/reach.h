// Services that no request can reach.
//
// Pure. Compares what services ask, not what their expressions mean: an earlier service takes all
// requests of a later one when each of its conditions follows from a condition of the later one.
// Finds nothing wrong with a service that it cannot judge.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "conf/config.h"

namespace conf {

struct Unreachable {
  std::size_t service;
  std::optional<std::size_t> hidden_by;  // nothing: its own conditions contradict each other
};

// In the order of the services. Those behind a service that matches everything are left out.
std::vector<Unreachable> unreachable_services(const std::vector<Service>& services);

}  // namespace conf
