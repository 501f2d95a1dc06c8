// Settings of malloc: see memory.h.
#include "worker/compress/memory.h"

#include <malloc.h>

namespace worker::compress {

namespace {

// The largest piece that an encoder asks for is smaller: Brotli's tables.
[[maybe_unused]] constexpr int kLargestPiece = 2 * 1024 * 1024;

}  // namespace

void keep_freed_memory() {
#ifdef __GLIBC__
  ::mallopt(M_TRIM_THRESHOLD, kKeptMemory);
  ::mallopt(M_MMAP_THRESHOLD, kLargestPiece);
#endif
}

}  // namespace worker::compress
