// Listeners: rows that outlive reloads, gates and counters.
#include <doctest/doctest.h>

#include "shm/listener_table.h"
#include "t/unit/shm/table_memory.h"

using children::SharedTable;
using shm::kMaxListeners;
using shm::ListenerTable;

TEST_CASE("a listener keeps its row, its counter and its limit") {
  SharedTable<ListenerTable> table;
  CHECK(table->enroll(5, 8) == 0u);
  CHECK(table->enroll(6, 0) == 1u);
  table->count_request(0, 2);
  table->count_request(0, 3);
  CHECK(table->enroll(5, 9) == 0u);
  CHECK(table->size() == 2);
  CHECK(table->gate(0).limit() == 8);
  CHECK(table->requests(0) == 2);
  CHECK(table->requests(1) == 0);
}

TEST_CASE("the table takes exactly kMaxListeners, then only idle rows that were retired") {
  SharedTable<ListenerTable> table;
  for (std::uint32_t i = 0; i < kMaxListeners; ++i) REQUIRE(table->enroll(i + 1, 8) == i);
  CHECK(table->enroll(9000, 8) == std::nullopt);
  table->count_request(7, 0);
  REQUIRE(table->gate(7).try_enter(1, 2, 0));
  table->retire(7);
  CHECK_FALSE(table->enrolled(7));
  CHECK(table->enroll(9000, 8) == std::nullopt);
  table->release_row(1);
  CHECK(table->enroll(9000, 8) == 7u);
  CHECK(table->requests(7) == 0);
}

TEST_CASE("a released row gives back its slots and keeps what it counted") {
  SharedTable<ListenerTable> table;
  REQUIRE(table->enroll(5, 2) == 0u);
  REQUIRE(table->gate(0).try_enter(0, 2, 0));
  REQUIRE(table->gate(0).try_enter(1, 2, 0));
  table->count_request(0, 0);
  table->release_row(0);
  CHECK(table->gate(0).in_service(2) == 1);
  CHECK(table->requests(0) == 1);
}

TEST_CASE("refusals are counted by listener and reason, over all rows, and start anew with an id") {
  SharedTable<ListenerTable> table;
  for (std::uint32_t i = 0; i < kMaxListeners; ++i) REQUIRE(table->enroll(i + 1, 8) == i);
  table->count_refusal(7, 0, 1);
  table->count_refusal(7, 5, 1);
  table->count_refusal(7, 5, shm::kMaxReasons - 1);
  table->count_refusal(7, 5, shm::kMaxReasons);  // a reason that does not exist is ignored
  table->count_refusal(8, 5, 2);
  shm::ReasonCounts expected{};
  CHECK(table->refusals(6) == expected);
  expected[1] = 2;
  expected[shm::kMaxReasons - 1] = 1;
  CHECK(table->refusals(7) == expected);
  table->release_row(5);
  CHECK(table->refusals(7) == expected);
  table->retire(7);
  REQUIRE(table->enroll(9000, 8) == 7u);
  CHECK(table->refusals(7) == shm::ReasonCounts{});
  CHECK(table->refusals(8)[2] == 1);
}
