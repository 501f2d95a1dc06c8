// Credentials that were right a short time ago: see remembered.h.
#include "shm/remembered.h"

namespace shm {
namespace {

// The bucket comes from the other half of the key, so that all 64 bits of the tag count.
std::size_t bucket_of(const SessionKey& key) { return key.high % Remembered::kBuckets; }

std::uint64_t tag_of(const SessionKey& key) { return key.low != 0 ? key.low : 1; }

}  // namespace

void Remembered::add(const SessionKey& key, std::uint64_t now_ms) {
  Entry(&bucket)[kEntries] = entries_[bucket_of(key)];
  Entry* place = nullptr;
  for (Entry& entry : bucket) {
    if (entry.tag.load(std::memory_order_relaxed) == tag_of(key)) {
      place = &entry;
      break;
    }
    if (place == nullptr || entry.until_ms.load(std::memory_order_relaxed) <
                                place->until_ms.load(std::memory_order_relaxed)) {
      place = &entry;
    }
  }
  place->tag.store(0, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  place->until_ms.store(now_ms + kRememberMs, std::memory_order_relaxed);
  place->tag.store(tag_of(key), std::memory_order_release);
}

bool Remembered::knows(const SessionKey& key, std::uint64_t now_ms) const {
  bool known = false;
  for (const Entry& entry : entries_[bucket_of(key)]) {
    const bool is_it = entry.tag.load(std::memory_order_acquire) == tag_of(key);
    known |= is_it && entry.until_ms.load(std::memory_order_relaxed) > now_ms;
  }
  return known;
}

}  // namespace shm
