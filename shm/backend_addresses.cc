// A sequence lock with one writer: see backend_addresses.h.
#include "shm/backend_addresses.h"

#include <algorithm>
#include <cstring>

namespace shm {

void BackendAddresses::publish(std::uint32_t index, BackendId id,
                               std::span<const Address> addresses) {
  Row& row = rows_[index];
  const std::size_t count = std::min(addresses.size(), kMaxAddresses);
  const std::uint32_t version = versions_[index].load(std::memory_order_relaxed);
  versions_[index].store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  row.id.store(id, std::memory_order_relaxed);
  row.count.store(count, std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t words[kWords];
    std::memcpy(words, &addresses[i], sizeof words);
    for (std::size_t word = 0; word < kWords; ++word) {
      row.words[i][word].store(words[word], std::memory_order_relaxed);
    }
  }
  versions_[index].store(version + 2, std::memory_order_release);
}

std::optional<BackendAddresses::List> BackendAddresses::read(
    std::uint32_t index, std::array<Address, kMaxAddresses>& out) const {
  const Row& row = rows_[index];
  List list;
  list.version = version(index);
  if (list.version % 2 != 0) return std::nullopt;
  list.id = row.id.load(std::memory_order_relaxed);
  list.count = std::min<std::size_t>(row.count.load(std::memory_order_relaxed), kMaxAddresses);
  for (std::size_t i = 0; i < list.count; ++i) {
    std::uint64_t words[kWords];
    for (std::size_t word = 0; word < kWords; ++word) {
      words[word] = row.words[i][word].load(std::memory_order_relaxed);
    }
    std::memcpy(&out[i], words, sizeof words);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  if (versions_[index].load(std::memory_order_relaxed) != list.version) return std::nullopt;
  return list;
}

}  // namespace shm
