// The counters below the tables: sums, restarts, and pages that stay untouched.
#include <doctest/doctest.h>

#include "shm/counter_grid.h"
#include "t/unit/shm/table_memory.h"

TEST_CASE("fields and columns do not mix, and restart sets one column back to 0") {
  children::SharedTable<shm::CounterGrid<4, 2>> grid;
  grid->count(1, 0, 0);
  grid->count(1, 5, 0);
  grid->count(1, 5, 1);
  grid->count(2, 5, 1);
  CHECK(grid->sums(1) == std::array<std::uint64_t, 2>{2, 1});
  CHECK(grid->sums(2) == std::array<std::uint64_t, 2>{0, 1});
  CHECK(grid->sums(3) == std::array<std::uint64_t, 2>{0, 0});
  grid->restart(1);
  CHECK(grid->sums(1) == std::array<std::uint64_t, 2>{0, 0});
  grid->count(1, 5, 0);
  CHECK(grid->sums(1) == std::array<std::uint64_t, 2>{1, 0});
  CHECK(grid->sums(2) == std::array<std::uint64_t, 2>{0, 1});
}
