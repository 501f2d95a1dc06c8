// See store_orders.h.
#include "shm/store_orders.h"

#include <array>
#include <bit>

namespace shm {

void StoreOrders::add(const StoreOrder& order) {
  const auto words = std::bit_cast<std::array<std::uint64_t, kWords>>(order);
  const std::uint64_t number = last() + 1;
  Place& place = places_[number % kStoreOrders];
  place.number.store(0, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (std::size_t i = 0; i < kWords; ++i) {
    place.words[i].store(words[i], std::memory_order_relaxed);
  }
  place.number.store(number, std::memory_order_release);
  last_.store(number, std::memory_order_release);
}

std::optional<StoreOrder> StoreOrders::read(std::uint64_t number) const {
  const Place& place = places_[number % kStoreOrders];
  if (place.number.load(std::memory_order_acquire) != number) return std::nullopt;
  std::array<std::uint64_t, kWords> words;
  for (std::size_t i = 0; i < kWords; ++i) {
    words[i] = place.words[i].load(std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  if (place.number.load(std::memory_order_relaxed) != number) return std::nullopt;
  return std::bit_cast<StoreOrder>(words);
}

}  // namespace shm
