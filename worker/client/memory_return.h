// Gives the memory that clients have left behind back to the system.
//
// malloc keeps what is freed, so a worker that had many clients once would keep their memory for
// good. Returns it when at most half of the clients are left for a second. Whatever the number of
// clients was, that happens a few times only, and costs about 0.1 ms for each MiB.
#pragma once

#include <cstddef>

namespace worker::client {

class MemoryReturn {
 public:
  // Below this many clients the memory is not worth a call.
  static constexpr std::size_t kMany = 256;
  // Calls of tick() for which the clients have to stay away.
  static constexpr unsigned kCalmTicks = 10;

  // Called in each tick of the worker with its number of clients. Whether memory was returned.
  bool tick(std::size_t clients);

 private:
  std::size_t most_ = 0;  // clients since memory was last returned
  unsigned calm_ = 0;     // ticks since so many have left
};

}  // namespace worker::client
