// Addresses of backends whose names did not resolve when their workers started.
//
// The master looks such a name up again and publishes the addresses here, by the row of the
// backend. The master alone writes. A reader never waits: a row that is being written has no
// addresses for that moment. All bytes 0 is a valid state: no addresses.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

inline constexpr std::size_t kMaxAddresses = 8;  // of one backend

// A socket address, IPv4 or IPv6, as the system calls take it.
struct Address {
  std::uint32_t size = 0;  // bytes in use
  std::array<char, 28> bytes{};
};
static_assert(sizeof(Address) == 32);

class BackendAddresses {
 public:
  // Replaces the addresses of the row; those beyond kMaxAddresses are left out. None clears it.
  void publish(std::uint32_t index, std::span<const Address> addresses);
  // Copies the addresses of the row; returns their number.
  std::size_t read(std::uint32_t index, std::array<Address, kMaxAddresses>& out) const;

 private:
  static constexpr std::size_t kWords = sizeof(Address) / sizeof(std::uint64_t);

  struct Row {
    std::atomic<std::uint32_t> version;  // odd: is being written
    std::atomic<std::uint32_t> count;
    std::atomic<std::uint64_t> words[kMaxAddresses][kWords];
  };

  Row rows_[kMaxBackends]{};
};

static_assert(kFitForSegment<BackendAddresses>);

}  // namespace shm
