// The keys that seal TLS session tickets, shared by all workers of all generations.
//
// Written by the master alone, read by every worker. The version is odd while the master writes,
// and a reader then tries again. When the version is the one that a reader has seen before, the
// keys have not changed. The segment keeps their page out of core dumps and swap.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/layout.h"

namespace shm {

// `name` stands in the ticket in the clear, `cipher` encrypts it (AES-256), `mac` signs it (HMAC).
struct TicketKey {
  std::array<std::uint8_t, 16> name;
  std::array<std::uint8_t, 32> cipher;
  std::array<std::uint8_t, 32> mac;
};

// The first key seals tickets, and all of them open tickets. A place that is not needed holds a
// copy of another key.
inline constexpr std::size_t kTicketKeys = 6;
using TicketKeySet = std::array<TicketKey, kTicketKeys>;

class TicketKeys {
 public:
  // By the master: `key` becomes the first, and of the others only the one that was the first
  // stays.
  void rotate(const TicketKey& key);
  // By the master: these keys replace all others.
  void replace(const TicketKeySet& keys);

  // Copies the keys and their version, and returns true, unless `version` is the present one. Also
  // returns false when there are no keys yet, or when the master was killed while it wrote.
  bool read(std::uint64_t& version, TicketKeySet& keys) const;

 private:
  static constexpr std::size_t kWords = sizeof(TicketKeySet) / sizeof(std::uint64_t);
  static_assert(sizeof(TicketKeySet) % sizeof(std::uint64_t) == 0);

  std::atomic<std::uint64_t> version_;  // 0: there is no key yet
  std::atomic<std::uint64_t> words_[kWords];
};

static_assert(kFitForSegment<TicketKeys>);

}  // namespace shm
