// Limits: rows and counters.
#include <doctest/doctest.h>

#include "shm/limit_table.h"
#include "t/unit/shm/table_memory.h"

using shm::LimitField;

TEST_CASE("limit_table: a limit keeps its row and its counters") {
  children::SharedTable<shm::LimitTable> table;
  CHECK(table->enroll(11) == 0u);
  CHECK(table->enroll(22) == 1u);
  table->count(0, 3, LimitField::passed);
  table->count(0, 3, LimitField::passed);
  table->count(0, 5, LimitField::over);
  table->count(1, 5, LimitField::connections_over);
  table->count(1, 5, LimitField::evicted);
  CHECK(table->enroll(11) == 0u);
  CHECK(table->counters(0).passed == 2);
  CHECK(table->counters(0).over == 1);
  CHECK(table->counters(0).connections_over == 0);
  CHECK(table->counters(1).connections_over == 1);
  CHECK(table->counters(1).evicted == 1);
  CHECK(table->size() == 2);
}

TEST_CASE("limit_table: a row of another limit begins at 0") {
  children::SharedTable<shm::LimitTable> table;
  for (shm::LimitId id = 1; id <= shm::kMaxLimits; ++id) REQUIRE(table->enroll(id));
  table->count(7, 0, LimitField::over);
  CHECK(!table->enroll(shm::kMaxLimits + 1));
  table->retire(7);
  CHECK(!table->enrolled(7));
  CHECK(table->enroll(shm::kMaxLimits + 1) == 7u);
  CHECK(table->enrolled(7));
  CHECK(table->counters(7).over == 0);
}

TEST_CASE("limit_table: ids depend on all that makes a limit") {
  const shm::LimitId id = shm::make_limit_id(1, 0, "address 32 64");
  CHECK(shm::make_limit_id(1, 0, "address 32 64") == id);
  CHECK(shm::make_limit_id(2, 0, "address 32 64") != id);
  CHECK(shm::make_limit_id(1, 1, "address 32 64") != id);
  CHECK(shm::make_limit_id(1, 0, "address 32 65") != id);
}
