// The one clock by which the master measures lifetimes, delays and deadlines. Milliseconds.
#pragma once

#include <chrono>
#include <cstdint>

namespace master {

// Two special due times: at once, and not at all.
inline constexpr std::uint64_t kNow = 0;
inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

// CLOCK_MONOTONIC, as everywhere in the segment.
inline std::uint64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace master
