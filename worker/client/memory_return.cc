// Calls malloc_trim(3) where there is one: see memory_return.h.
#include "worker/client/memory_return.h"

#include <malloc.h>

#include <algorithm>

namespace worker::client {

bool MemoryReturn::tick(std::size_t clients) {
  most_ = std::max(most_, clients);
  calm_ = most_ >= kMany && clients <= most_ / 2 ? calm_ + 1 : 0;
  if (calm_ < kCalmTicks) return false;
  most_ = clients;
  calm_ = 0;
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
  return true;
}

}  // namespace worker::client
