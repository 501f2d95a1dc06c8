// Which index of a table belongs to which id.
//
// Written by the master alone, before it forks the processes that use an index. An index stays with
// its id over reloads. A retired index gets a new id only when no unused index is left and when the
// caller says that the index is idle. Bounds that are read from shared memory are never trusted.
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
  struct Entry {
    std::uint32_t index;
    bool is_new;  // the index did not belong to this id before
  };

  // The index of `id`, or a free one. Calls `is_idle(index)` for retired indices. Nothing when no
  // index is left.
  template <class IsIdle>
  std::optional<Entry> take(std::uint64_t id, IsIdle is_idle) {
    for (std::uint32_t index = 0; index < size(); ++index) {
      if (id_of(index) != id) continue;
      revive(index);
      return Entry{index, false};
    }
    return add(id, is_idle);
  }

  // The two halves of `take`, for a caller that looks up many ids at once: `revive` is for an index
  // that already belongs to its id, `add` for an id that has no index.
  void revive(std::uint32_t index) { retired_[index].store(0, std::memory_order_relaxed); }
  template <class IsIdle>
  std::optional<Entry> add(std::uint64_t id, IsIdle is_idle) {
    const std::optional<std::uint32_t> index = find_free(is_idle);
    if (!index) return std::nullopt;
    ids_[*index].store(id, std::memory_order_relaxed);
    revive(*index);
    if (*index == size()) used_.store(*index + 1, std::memory_order_release);
    return Entry{*index, true};
  }

  void retire(std::uint32_t index) { retired_[index].store(1, std::memory_order_relaxed); }

  // 1 + the highest index that was ever taken: where scans end.
  std::uint32_t size() const { return std::min(used_.load(std::memory_order_acquire), kSize); }
  // Of retired indices, too.
  std::uint64_t id_of(std::uint32_t index) const {
    return ids_[index].load(std::memory_order_relaxed);
  }
  bool enrolled(std::uint32_t index) const {
    return index < size() && retired_[index].load(std::memory_order_relaxed) == 0;
  }

 private:
  // Unused indices first: a worker of an old generation may still use a retired one.
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
