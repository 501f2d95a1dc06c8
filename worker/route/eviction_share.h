// How many sessions of others the clients of one network may push out of a full session table.
//
// Counts by a hash of the network, anew in each second. Two networks may share a counter. Each
// service of a worker counts for itself. Plain memory, no system call.
#pragma once

#include <array>
#include <cstdint>

namespace worker::route {

inline constexpr std::uint8_t kEvictionsPerSecond = 10;  // of one network

class EvictionShare {
 public:
  // Whether the network may push out one more session now; counts it if so. `network` is a hash
  // with a secret, so that no client can choose whose counter it uses up.
  bool take(std::uint64_t network, std::uint64_t now_ms);

 private:
  static constexpr std::size_t kCounters = 256;
  std::uint64_t second_ = 0;
  std::array<std::uint8_t, kCounters> taken_{};
};

}  // namespace worker::route
