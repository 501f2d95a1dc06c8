// See wall_clock.h.
#include "worker/log/wall_clock.h"

#include <ctime>

namespace worker::log {
namespace {

constexpr std::uint64_t kMeasureUs = 1'000'000;

std::uint64_t read_us(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

std::uint64_t unix_us(std::uint64_t monotonic_us) {
  static std::uint64_t difference_us = 0;
  static std::uint64_t due_us = 0;  // when to measure again
  if (monotonic_us >= due_us) {
    const std::uint64_t now_us = read_us(CLOCK_MONOTONIC);
    difference_us = read_us(CLOCK_REALTIME) - now_us;
    due_us = now_us + kMeasureUs;
  }
  return monotonic_us + difference_us;
}

}  // namespace worker::log
