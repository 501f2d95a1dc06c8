// The time of a session look-up and the memory of up to a million sessions: `make bench-tables`.
//
// Measures shm::SessionTable in one process on one core, without contention for a lock. Prints the
// best of several repeats, because other work of a busy machine only adds to a figure. Exits with 1
// when a look-up fails, a session is evicted or the memory exceeds its limit. Asserts no time.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>

#include "shm/segment.h"
#include "shm/session_table.h"
#include "t/bench/random_keys.h"
#include "t/bench/report_errors.h"

namespace {

constexpr std::uint32_t kMaxSessions = 1'000'000;
constexpr double kMostMib = 48;
constexpr std::uint32_t kCalls = 500'000;
constexpr unsigned kRepeats = 9;
constexpr std::uint32_t kTtlSeconds = 30'000'000;  // nothing expires here
constexpr std::uint64_t kStartMs = 1'000'000;
constexpr shm::BackendId kBackend = 4711;

// The time of one call of `body(i)`, in nanoseconds. `body` returns 0 or 1; `expected` is the sum
// of the results of one repeat.
template <class Body>
double best_ns(std::uint32_t expected, Body body) {
  using Clock = std::chrono::steady_clock;
  double best = std::numeric_limits<double>::infinity();
  for (unsigned repeat = 0; repeat < kRepeats; ++repeat) {
    std::uint32_t sum = 0;
    const Clock::time_point start = Clock::now();
    for (std::uint32_t i = 0; i < kCalls; ++i) sum += body(i);
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    if (sum != expected) throw std::runtime_error("a look-up gave a wrong result");
    best = std::min(best, took.count() / kCalls);
  }
  return best;
}

// Each call is a second later than the one before, so each one writes the time of last use.
double hot_key_ns(shm::SessionTable& table) {
  const shm::SessionKey key = key_of(0);
  std::uint64_t now_ms = kStartMs;
  table.remember(key, kBackend, kTtlSeconds, now_ms);
  return best_ns(kCalls, [&](std::uint32_t) {
    now_ms += 1000;
    return table.look_up(key, now_ms) == kBackend ? 1U : 0U;
  });
}

// Random keys among the `count` keys with numbers from `first` on.
double random_keys_ns(shm::SessionTable& table, std::uint64_t first, std::uint32_t count,
                      std::uint32_t expected) {
  const std::uint64_t now_ms = kStartMs + 1000;
  return best_ns(expected, [&](std::uint32_t i) {
    const std::uint64_t number = first + ((mix(i) >> 32) * count >> 32);
    return table.look_up(key_of(number), now_ms) ? 1U : 0U;
  });
}

// Each count gets a new table, because even a failed look-up makes the pages that it reads
// resident.
void print_row(std::uint32_t count) {
  shm::Segment segment(kMaxSessions);
  shm::SessionTable& table = segment.sessions();
  const double before_mib = shared_mib();
  for (std::uint32_t i = 0; i < count; ++i) {
    table.remember(key_of(i), kBackend, kTtlSeconds, kStartMs);
  }
  const double mib = shared_mib() - before_mib;
  const double known = random_keys_ns(table, 0, count, kCalls);
  const double unknown = random_keys_ns(table, kMaxSessions, kMaxSessions, 0);
  std::printf("%10u %14.0f %16.0f %10.1f\n", count, known, unknown, mib);
  const shm::SessionTotals totals = table.totals(kStartMs);
  if (totals.stored != count || totals.evicted != 0) {
    throw std::runtime_error("a session was evicted although there was room");
  }
  if (mib > kMostMib) throw std::runtime_error("the table takes more memory than its limit");
}

void measure() {
  {
    shm::Segment segment(kMaxSessions);
    std::printf("look-up plus refresh of a hot key: %.0f ns\n\n", hot_key_ns(segment.sessions()));
  }
  std::printf("%10s %14s %16s %10s\n", "sessions", "known key, ns", "unknown key, ns", "RSS, MiB");
  for (std::uint32_t count = 1000; count <= kMaxSessions; count *= 10) print_row(count);
}

}  // namespace

int main() { return report_errors("session_table", measure); }
