// What an operator has changed in the session table by hand, for workers to tell the session store.
//
// The master has no connection to the store, so it leaves such changes here, and all workers pass
// them on: each is harmless when it is done twice. The master alone writes. A worker that comes
// later than kStoreOrders changes misses some. All bytes 0 is a valid state: no changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

inline constexpr std::uint32_t kStoreOrders = 64;  // that are kept
inline constexpr std::uint32_t kStoreKeys = 2;     // of one session: one for each Secret

struct StoreOrder {
  enum class Kind : std::uint64_t { forget, remember };

  Kind kind = Kind::forget;
  std::uint64_t service = 0;  // its row
  BackendId backend = 0;      // with `remember`
  SessionKey keys[kStoreKeys]{};
};

class StoreOrders {
 public:
  // The number of the latest change; they are numbered from 1.
  std::uint64_t last() const { return last_.load(std::memory_order_acquire); }
  // By the master.
  void add(const StoreOrder& order);
  // Nothing when its place has another change by now.
  std::optional<StoreOrder> read(std::uint64_t number) const;

 private:
  static constexpr std::size_t kWords = sizeof(StoreOrder) / sizeof(std::uint64_t);
  static_assert(sizeof(StoreOrder) == kWords * sizeof(std::uint64_t));

  struct Place {
    std::atomic<std::uint64_t> number;  // 0 while it is written
    std::atomic<std::uint64_t> words[kWords];
  };

  std::atomic<std::uint64_t> last_{0};
  Place places_[kStoreOrders]{};
};

static_assert(kFitForSegment<StoreOrders>);

}  // namespace shm
