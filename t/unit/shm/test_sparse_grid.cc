// Blocks for the pairs that need one: handed out once, bounded, never followed blindly.
#include <doctest/doctest.h>

#include <cstring>
#include <set>

#include "shm/sparse_grid.h"
#include "t/unit/shm/children.h"

using children::Shared;

namespace {

struct Block {
  void clear() { value.store(0); }
  std::atomic<std::uint64_t> value{0};
};
constexpr std::uint32_t kBlocks = 5;
using Grid = shm::SparseGrid<4, kBlocks, Block>;

std::uint64_t sum(const Grid& grid, std::uint32_t column) {
  std::uint64_t total = 0;
  grid.each(column, [&](const Block& block) { total += block.value.load(); });
  return total;
}

}  // namespace

TEST_CASE("a pair gets one block and keeps it") {
  Shared<Grid> grid;
  Block* const block = grid->take(1, 0);
  REQUIRE(block != nullptr);
  block->value.store(7);
  CHECK(grid->take(1, 0) == block);
  CHECK(grid->take(2, 0) != block);
  Block* const other = grid->take(1, 9);
  REQUIRE(other != nullptr);
  other->value.store(30);
  CHECK(sum(*grid, 1) == 37);
  CHECK(sum(*grid, 2) == 0);
  CHECK(sum(*grid, 3) == 0);
  CHECK(grid->blocks_left() == kBlocks - 3);
  grid->restart(1);
  CHECK(sum(*grid, 1) == 0);
  CHECK(grid->take(1, 9) == other);
}

TEST_CASE("there are exactly kBlocks blocks; pairs without one are not counted") {
  Shared<Grid> grid;
  std::set<Block*> blocks;
  for (std::uint32_t i = 0; i < kBlocks; ++i) blocks.insert(grid->take(i % 4, i));
  CHECK(blocks.size() == kBlocks);
  CHECK_FALSE(blocks.contains(nullptr));
  for (int i = 0; i < 1000; ++i) CHECK(grid->take(3, 100) == nullptr);
  CHECK(grid->blocks_left() == 0);
  CHECK(grid->take(0, 0) == *blocks.find(grid->take(0, 0)));
}

TEST_CASE("invalid block numbers are ignored") {
  Shared<Grid> grid;
  grid->take(0, 0)->value.store(5);
  std::memset(static_cast<void*>(&*grid), 0xff, sizeof(Grid));
  CHECK(grid->blocks_left() == 0);
  CHECK(grid->take(0, 0) == nullptr);
  CHECK(sum(*grid, 0) == 0);
  grid->restart(0);
}

TEST_CASE("processes that take at once never get the same block") {
  struct Many {
    shm::SparseGrid<64, 4 * 64, Block> grid;
  };
  Shared<Many> many;
  pid_t takers[4];
  for (shm::Row row = 0; row < 4; ++row) {
    takers[row] = children::start([&, row] {
      for (std::uint32_t column = 0; column < 64; ++column) {
        Block* const block = many->grid.take(column, row);
        if (block == nullptr || block->value.fetch_add(1) != 0) return false;
      }
      return true;
    });
  }
  for (const pid_t taker : takers) CHECK(children::succeeded(taker));
  CHECK(many->grid.blocks_left() == 0);
}

TEST_CASE("a process that is killed while it takes costs one block at most") {
  struct Many {
    shm::SparseGrid<4096, 4096 * 8, Block> grid;
  };
  Shared<Many> many;
  constexpr unsigned kDeaths = 8;
  for (unsigned death = 0; death < kDeaths; ++death) {
    const std::uint32_t before = many->grid.blocks_left();
    const pid_t child = children::start([&] {
      for (std::uint32_t column = 0;; column = (column + 1) % 4096) {
        if (Block* const block = many->grid.take(column, death)) block->value.fetch_add(1);
      }
      return true;
    });
    while (many->grid.blocks_left() > before - 100) {
    }
    ::kill(child, SIGKILL);
    CHECK(children::killed(children::wait_for(child)));
  }
  std::uint32_t used = 0;
  for (std::uint32_t column = 0; column < 4096; ++column) {
    many->grid.each(column, [&](const Block&) { ++used; });
  }
  CHECK(4096 * 8 - many->grid.blocks_left() - used <= kDeaths);
}
