// See eviction_share.h.
#include "worker/route/eviction_share.h"

namespace worker::route {

bool EvictionShare::take(std::uint64_t network, std::uint64_t now_ms) {
  const std::uint64_t second = now_ms / 1000;
  if (second != second_) taken_.fill(0);
  second_ = second;
  std::uint8_t& taken = taken_[network % kCounters];
  if (taken == kEvictionsPerSecond) return false;
  ++taken;
  return true;
}

}  // namespace worker::route
