// The memory of encoders that ended is for those that begin.
#pragma once

namespace worker::compress {

// Makes malloc keep up to kKeptMemory that was freed last. It usually gives pieces of such sizes
// back to the system at once, and the page faults of the next encoder then cost as much as
// compressing 50 KB. For a process that compresses; where there is no mallopt(3), does nothing.
void keep_freed_memory();
inline constexpr int kKeptMemory = 8 * 1024 * 1024;

}  // namespace worker::compress
