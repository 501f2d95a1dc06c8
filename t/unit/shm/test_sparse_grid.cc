// Blocks for the pairs that need one: each pair has its own, and unused ones are not looked at.
#include <doctest/doctest.h>

#include <cstring>

#include "shm/sparse_grid.h"
#include "t/unit/shm/children.h"

using children::Shared;

namespace {

struct Block {
  void clear() { value.store(0); }
  std::atomic<std::uint64_t> value{0};
};
using Grid = shm::SparseGrid<4, Block>;

struct Memory {
  Grid::CommonPart bound;
  Grid::RowPart rows[shm::kMaxRows];
};

std::uint64_t sum(const Grid& grid, std::uint32_t column) {
  std::uint64_t total = 0;
  grid.each(column, [&](const Block& block) { total += block.value.load(); });
  return total;
}

struct Fixture {
  Shared<Memory> memory;
  Grid grid{{&memory->rows[0], sizeof(Grid::RowPart)}, memory->bound};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a pair gets one block and keeps it") {
  Block& block = grid.take(1, 0);
  block.value.store(7);
  CHECK(&grid.take(1, 0) == &block);
  CHECK(&grid.take(2, 0) != &block);
  Block& other = grid.take(1, 9);
  other.value.store(30);
  CHECK(sum(grid, 1) == 37);
  CHECK(sum(grid, 2) == 0);
  CHECK(sum(grid, 3) == 0);
  grid.restart(1);
  CHECK(sum(grid, 1) == 0);
  CHECK(&grid.take(1, 9) == &other);
}

TEST_CASE_FIXTURE(Fixture, "a block that was never taken is not visited") {
  grid.take(0, 3);
  memory->rows[3].blocks[1].value.store(5);
  memory->rows[2].blocks[0].value.store(5);
  CHECK(sum(grid, 0) == 0);
  CHECK(sum(grid, 1) == 0);
}

TEST_CASE_FIXTURE(Fixture, "whatever a worker leaves, a scan visits each row at most once") {
  std::memset(static_cast<void*>(&*memory), 0xff, sizeof(Memory));
  unsigned visits = 0;
  grid.each(0, [&](const Block&) { ++visits; });
  CHECK(visits == shm::kMaxRows);
  grid.restart(0);
  CHECK(sum(grid, 0) == 0);
}
