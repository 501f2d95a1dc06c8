// The option --wait [SECONDS] of commands that can wait until what they want has come true.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace master::control {

struct WaitOption {
  bool is_asked = false;
  std::optional<std::uint64_t> patience_s;
};

// Removes "--wait" and the seconds that may follow it from the arguments. Throws Misused.
WaitOption take_wait(std::vector<std::string>& arguments);

}  // namespace master::control
