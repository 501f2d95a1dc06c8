// The wall clock that is computed agrees with the one that is read.
#include "worker/log/wall_clock.h"

#include <doctest/doctest.h>

#include <chrono>

namespace {

template <class Clock>
std::uint64_t read_us() {
  using std::chrono::microseconds;
  const auto now = std::chrono::duration_cast<microseconds>(Clock::now().time_since_epoch());
  return static_cast<std::uint64_t>(now.count());
}

}  // namespace

TEST_CASE("wall_clock: the time of day at a monotonic time") {
  using std::chrono::steady_clock;
  using std::chrono::system_clock;
  const std::uint64_t before = read_us<system_clock>();
  const std::uint64_t now = read_us<steady_clock>();
  const std::uint64_t computed = worker::log::unix_us(now);
  const std::uint64_t after = read_us<system_clock>();
  // The two clocks of the system are not read in one step.
  CHECK(computed + 1'000'000 >= before);
  CHECK(computed <= after + 1'000'000);
  CHECK(worker::log::unix_us(now + 1) == computed + 1);
  CHECK(worker::log::unix_us(now + 900'000) == computed + 900'000);
}
