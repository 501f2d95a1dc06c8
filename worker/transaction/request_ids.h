// Makes ids of requests: version 7 of UUIDs (RFC 9562 5.7).
//
// An id begins with the time, to a quarter of a microsecond: 48 bits of milliseconds and 12 bits of
// their fraction (6.2, method 3). So ids of one worker rise, and those of all workers rise as far
// as their clocks are read in order. The other 62 bits are random: a generator of this process,
// seeded by the kernel, so that an id costs no system call. Ids are unique, not secret.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace worker::transaction {

class RequestIds {
 public:
  // Throws std::system_error without random bytes.
  RequestIds();

  // Appends the 36 characters of the next id. `unix_ns`: the wall clock, in nanoseconds since 1970.
  // Where it stands still or goes back, ids go on as if it had moved by one step.
  void append_next(std::uint64_t unix_ns, std::string& out);

 private:
  std::mt19937_64 random_;
  std::uint64_t last_step_ = 0;  // of the last id: milliseconds * 4096 + fraction
};

}  // namespace worker::transaction
