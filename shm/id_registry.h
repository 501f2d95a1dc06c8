// Which index of a table belongs to which id.
//
// Written by the master alone, before it forks those who use the index. An index stays with its id
// over reloads; one that was retired is handed on only when no index is left that was never used
// and when its caller says that it is idle. Bounds read from shared memory are never trusted.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "shm/layout.h"

namespace shm {

template <std::uint32_t kSize>
class IdRegistry {
 public:
  struct Place {
    std::uint32_t index;
    bool fresh;  // it did not belong to this id before
  };

  // `is_idle(index)` is asked of retired ones. Nothing when none is left.
  template <class IsIdle>
  std::optional<Place> take(std::uint64_t id, IsIdle is_idle) {
    for (std::uint32_t index = 0; index < size(); ++index) {
      if (id_of(index) != id) continue;
      revive(index);
      return Place{index, false};
    }
    return add(id, is_idle);
  }

  // The two halves of `take`, for who has looked up many ids at once: one that belongs to its id
  // already, and one for an id that has none.
  void revive(std::uint32_t index) { retired_[index].store(0, std::memory_order_relaxed); }
  template <class IsIdle>
  std::optional<Place> add(std::uint64_t id, IsIdle is_idle) {
    const std::optional<std::uint32_t> index = find_free(is_idle);
    if (!index) return std::nullopt;
    ids_[*index].store(id, std::memory_order_relaxed);
    revive(*index);
    if (*index == size()) used_.store(*index + 1, std::memory_order_release);
    return Place{*index, true};
  }

  void retire(std::uint32_t index) { retired_[index].store(1, std::memory_order_relaxed); }

  // 1 + the highest index that was ever taken: the bound of all scans.
  std::uint32_t size() const { return std::min(used_.load(std::memory_order_acquire), kSize); }
  // Of a retired one, too.
  std::uint64_t id_of(std::uint32_t index) const {
    return ids_[index].load(std::memory_order_relaxed);
  }
  bool enrolled(std::uint32_t index) const {
    return index < size() && retired_[index].load(std::memory_order_relaxed) == 0;
  }

 private:
  // A worker of an old generation may still use what was retired: new indices go first.
  template <class IsIdle>
  std::optional<std::uint32_t> find_free(IsIdle is_idle) const {
    if (size() < kSize) return size();
    for (std::uint32_t index = 0; index < kSize; ++index) {
      if (!enrolled(index) && is_idle(index)) return index;
    }
    return std::nullopt;
  }

  std::atomic<std::uint32_t> used_{0};
  std::atomic<std::uint8_t> retired_[kSize]{};
  std::atomic<std::uint64_t> ids_[kSize]{};
};

}  // namespace shm
