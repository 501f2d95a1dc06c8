// The time that a limit on rates adds to a request, for up to a million clients: `make
// bench-tables`.
//
// Measures shm::RateTable in one process on one core. Prints the best of several repeats, because
// other work of a busy machine only adds to a figure. Exits with 1 when a verdict is wrong. Asserts
// no time.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>

#include "shm/segment.h"
#include "t/bench/random_keys.h"
#include "t/bench/report_errors.h"

namespace {

constexpr std::uint32_t kMaxClients = 1'000'000;
constexpr std::uint32_t kCalls = 500'000;
constexpr unsigned kRepeats = 9;
constexpr std::uint64_t kStartUs = 1'000'000'000;
// Nobody is over this limit, and no entry becomes free.
constexpr shm::Rate kWide{.interval_us = 1000, .horizon_us = shm::kMostAheadUs / 1000 * 1000};
// Everybody is over this one after one request.
constexpr shm::Rate kNarrow{.interval_us = 3'600'000'000, .horizon_us = 3'600'000'000};

// The time of one request, in nanoseconds, of clients `client(i)`.
template <class Client>
double best_ns(shm::RateTable& table, shm::Rate rate, bool passes, Client client) {
  using Clock = std::chrono::steady_clock;
  double best = std::numeric_limits<double>::infinity();
  for (unsigned repeat = 0; repeat < kRepeats; ++repeat) {
    std::uint32_t passed = 0;
    const Clock::time_point start = Clock::now();
    for (std::uint32_t i = 0; i < kCalls; ++i) {
      passed += table.pass(key_of(client(i)), rate, kStartUs + repeat).passes ? 1 : 0;
    }
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    if (passed != (passes ? kCalls : 0)) throw std::runtime_error("a verdict is wrong");
    best = std::min(best, took.count() / kCalls);
  }
  return best;
}

void print_row(std::uint32_t count) {
  shm::Segment segment(shm::SegmentSize{.max_sessions = 1024, .max_limits = kMaxClients});
  shm::RateTable& table = segment.rates();
  const double before_mib = shared_mib();
  std::uint64_t evicted = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    evicted += table.pass(key_of(i), kNarrow, kStartUs).evicted ? 1 : 0;
  }
  const double mib = shared_mib() - before_mib;
  const auto known = [count](std::uint64_t i) { return (mix(i) >> 32) * count >> 32; };
  const double refused = evicted == 0 ? best_ns(table, kNarrow, false, known) : 0;
  const double passed = best_ns(table, kWide, true, known);
  std::printf("%10u %12.0f %12.0f %10.1f %10.4f\n", count, passed, refused, mib,
              100.0 * static_cast<double>(evicted) / count);
}

void measure() {
  {
    shm::Segment segment;
    std::printf("one client: %.0f ns\n\n", best_ns(segment.rates(), kWide, true,
                                                   [](std::uint64_t) { return std::uint64_t{0}; }));
  }
  std::printf("%10s %12s %12s %10s %10s\n", "clients", "passed, ns", "refused, ns", "RSS, MiB",
              "evicted, %");
  for (std::uint32_t count = 1000; count <= kMaxClients; count *= 10) print_row(count);
}

}  // namespace

int main() { return report_errors("rate_table", measure); }
