// Wording for log entries.
#pragma once

#include <cstddef>
#include <string>

namespace master {

// "1 worker", "2 workers"
inline std::string count_of(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace master
