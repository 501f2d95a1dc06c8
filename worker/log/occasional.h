// Keeps a line that may repeat with each request from filling the log.
#pragma once

#include <cstdint>

namespace worker::log {

inline constexpr std::uint64_t kOccasionMs = 10'000;

class Occasional {
 public:
  // Whether the line may be written now, which counts as written. At most once in kOccasionMs.
  // `now_ms` is CLOCK_MONOTONIC.
  bool take(std::uint64_t now_ms) {
    if (taken_ms_ != 0 && now_ms - taken_ms_ < kOccasionMs) return false;
    taken_ms_ = now_ms;
    return true;
  }

 private:
  std::uint64_t taken_ms_ = 0;  // 0 = never
};

}  // namespace worker::log
