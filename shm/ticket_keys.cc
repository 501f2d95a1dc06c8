// Keys of session tickets in shared memory: see ticket_keys.h.
#include "shm/ticket_keys.h"

#include <algorithm>
#include <cstring>

namespace shm {
namespace {

// Longer than a writer needs for 480 bytes, even if it loses the processor meanwhile.
constexpr int kMostLooks = 1000;

}  // namespace

void TicketKeys::rotate(const TicketKey& key) {
  TicketKeySet keys;
  keys.fill(key);
  if (version_.load(std::memory_order_relaxed) > 1) {
    std::uint64_t words[kWords];
    for (std::size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_relaxed);
    TicketKey first;
    std::memcpy(&first, words, sizeof first);
    std::fill(keys.begin() + 1, keys.end(), first);
    ::explicit_bzero(words, sizeof words);
    ::explicit_bzero(&first, sizeof first);
  }
  replace(keys);
  ::explicit_bzero(keys.data(), sizeof keys);
}

void TicketKeys::replace(const TicketKeySet& keys) {
  const std::uint64_t version = version_.load(std::memory_order_relaxed) & ~std::uint64_t{1};
  std::uint64_t words[kWords];
  std::memcpy(words, keys.data(), sizeof keys);

  version_.store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (std::size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_relaxed);
  version_.store(version + 2, std::memory_order_release);
  ::explicit_bzero(words, sizeof words);
}

bool TicketKeys::read(std::uint64_t& version, TicketKeySet& keys) const {
  bool copied = false;
  std::uint64_t words[kWords];
  for (int look = 0; look < kMostLooks && !copied; ++look) {
    const std::uint64_t before = version_.load(std::memory_order_acquire);
    if (before == version) return false;
    if (before % 2 != 0) continue;
    for (std::size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (version_.load(std::memory_order_relaxed) != before) continue;
    std::memcpy(keys.data(), words, sizeof words);
    version = before;
    copied = true;
  }
  ::explicit_bzero(words, sizeof words);
  return copied;
}

}  // namespace shm
