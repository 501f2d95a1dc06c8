// The best time of many short repeats, of which at least one runs without an interruption.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>

// The time of one call of `body`, in nanoseconds.
template <class Body>
double best_ns(Body body) {
  using Clock = std::chrono::steady_clock;
  constexpr unsigned kRepeats = 600;
  constexpr unsigned kCalls = 1'000;
  double best = std::numeric_limits<double>::infinity();
  for (unsigned repeat = 0; repeat < kRepeats; ++repeat) {
    const Clock::time_point start = Clock::now();
    for (unsigned i = 0; i < kCalls; ++i) body();
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    best = std::min(best, took.count() / kCalls);
  }
  return best;
}

inline void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}
