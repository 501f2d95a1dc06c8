// The wall clock, for times that every request needs.
//
// Reading it can cost as much as writing a record. So it is the monotonic time of the event loop
// plus the difference of both clocks, which is measured anew once in a second: a clock that is set
// counts from the next second on.
#pragma once

#include <cstdint>

namespace worker::log {

// Microseconds since 1970 at `monotonic_us` of CLOCK_MONOTONIC.
std::uint64_t unix_us(std::uint64_t monotonic_us);

}  // namespace worker::log
