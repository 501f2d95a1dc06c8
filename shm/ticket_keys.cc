// Keys of session tickets in shared memory: see ticket_keys.h.
#include "shm/ticket_keys.h"

#include <cstring>

namespace shm {
namespace {

// Longer than a writer needs for 160 bytes, even if it loses the processor meanwhile.
constexpr int kMostLooks = 1000;

}  // namespace

void TicketKeys::rotate(const TicketKey& key) {
  const std::uint64_t version = version_.load(std::memory_order_relaxed) & ~std::uint64_t{1};
  TicketKeyPair keys{key, key};
  std::uint64_t words[kWords];
  for (std::size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_relaxed);
  if (version != 0) std::memcpy(&keys[1], words, sizeof keys[1]);
  std::memcpy(words, keys.data(), sizeof keys);

  version_.store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (std::size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_relaxed);
  version_.store(version + 2, std::memory_order_release);
  ::explicit_bzero(words, sizeof words);
  ::explicit_bzero(keys.data(), sizeof keys);
}

bool TicketKeys::read(std::uint64_t& version, TicketKeyPair& keys) const {
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
