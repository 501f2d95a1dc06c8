// The one clock by which the master measures lives, delays and deadlines.
#pragma once

#include <chrono>
#include <cstdint>

namespace master {

// CLOCK_MONOTONIC, as everywhere in the segment.
inline std::uint64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace master
