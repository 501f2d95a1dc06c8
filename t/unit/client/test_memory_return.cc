// When a worker gives memory back.
#include "worker/client/memory_return.h"

#include <doctest/doctest.h>

using worker::client::MemoryReturn;

namespace {

unsigned count_returns(MemoryReturn& memory, std::size_t clients, unsigned ticks) {
  unsigned returns = 0;
  while (ticks-- != 0) returns += memory.tick(clients) ? 1 : 0;
  return returns;
}

}  // namespace

TEST_CASE("memory_return: half of the clients have to stay away for a second") {
  MemoryReturn memory;
  CHECK(count_returns(memory, 1000, 20) == 0);
  CHECK(count_returns(memory, 501, 20) == 0);
  CHECK(count_returns(memory, 500, MemoryReturn::kCalmTicks - 1) == 0);
  CHECK(count_returns(memory, 501, 1) == 0);  // some came back
  CHECK(count_returns(memory, 500, MemoryReturn::kCalmTicks - 1) == 0);
  CHECK(count_returns(memory, 500, 1) == 1);
  CHECK(count_returns(memory, 500, 100) == 0);  // once
  CHECK(count_returns(memory, 0, 100) == 1);
  CHECK(count_returns(memory, 0, 100) == 0);
}

TEST_CASE("memory_return: few clients leave too little") {
  MemoryReturn memory;
  CHECK(count_returns(memory, MemoryReturn::kMany - 1, 1) == 0);
  CHECK(count_returns(memory, 0, 100) == 0);
  CHECK(count_returns(memory, MemoryReturn::kMany, 1) == 0);
  CHECK(count_returns(memory, 0, 100) == 1);
}
