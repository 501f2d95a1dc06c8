// The bound of scans: grows with the rows that were written, and is never believed beyond kMaxRows.
#include <doctest/doctest.h>

#include <cstring>

#include "shm/row_bound.h"

TEST_CASE("a bound is one more than the highest row that was included") {
  shm::RowBound bound;
  CHECK(bound.rows() == 0);
  bound.include(3);
  CHECK(bound.rows() == 4);
  bound.include(0);
  CHECK(bound.rows() == 4);
  bound.include(shm::kMaxRows - 1);
  CHECK(bound.rows() == shm::kMaxRows);
}

TEST_CASE("a bound that was scribbled over ends at kMaxRows") {
  shm::RowBound bound;
  std::memset(static_cast<void*>(&bound), 0xff, sizeof bound);
  CHECK(bound.rows() == shm::kMaxRows);
}
