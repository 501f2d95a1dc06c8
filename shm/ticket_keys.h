// The keys that seal TLS session tickets, so that all workers of all generations share them.
//
// Written by the master alone, read by every worker: a version that is odd while the master writes
// tells a reader to look again, and an even one that it has seen before that nothing has changed.
// Random bytes that live in memory only; the segment keeps their page out of core dumps and swap.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/layout.h"

namespace shm {

// What a ticket shows in the clear (name), is encrypted with (AES-256) and is signed with (HMAC).
struct TicketKey {
  std::array<std::uint8_t, 16> name;
  std::array<std::uint8_t, 32> cipher;
  std::array<std::uint8_t, 32> mac;
};

// The newest, which seals, and the one before it, which still opens.
inline constexpr std::size_t kTicketKeys = 2;
using TicketKeyPair = std::array<TicketKey, kTicketKeys>;

class TicketKeys {
 public:
  // By the master: `key` becomes the newest. The first one fills both places.
  void rotate(const TicketKey& key);

  // Copies the keys unless `version` says that the reader has them; true when it has copied. False
  // also while there are none, or while the master has been writing for too long (it was killed).
  bool read(std::uint64_t& version, TicketKeyPair& keys) const;

 private:
  static constexpr std::size_t kWords = sizeof(TicketKeyPair) / sizeof(std::uint64_t);
  static_assert(sizeof(TicketKeyPair) % sizeof(std::uint64_t) == 0);

  std::atomic<std::uint64_t> version_;  // 0: no key was made yet
  std::atomic<std::uint64_t> words_[kWords];
};

static_assert(kFitForSegment<TicketKeys>);

}  // namespace shm
