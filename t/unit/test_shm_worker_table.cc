// Rows of worker processes: taken, described, freed.
#include <doctest/doctest.h>

#include <memory>

#include "shm/worker_table.h"

using shm::kMaxRows;
using shm::WorkerState;
using shm::WorkerTable;

TEST_CASE("a row that is taken says who it is") {
  auto table = std::make_unique<WorkerTable>();
  CHECK(table->rows_in_use() == 0);
  CHECK(table->info(0).state == WorkerState::free);
  REQUIRE(table->take(3, 7) == 0u);
  CHECK(table->rows_in_use() == 1);
  table->set_pid(0, 4711);
  table->set_state(0, WorkerState::ready);
  table->beat(0, 123456);
  table->set_clients(0, 9);
  table->count_request(0);
  table->count_request(0);
  const shm::WorkerInfo info = table->info(0);
  CHECK(info.state == WorkerState::ready);
  CHECK(info.pid == 4711);
  CHECK(info.slot == 3);
  CHECK(info.generation == 7);
  CHECK(info.heartbeat_ms == 123456);
  CHECK(info.requests == 2);
  CHECK(info.clients == 9);
}

TEST_CASE("the lowest free row is taken, and the bound of scans follows") {
  auto table = std::make_unique<WorkerTable>();
  for (shm::Row row = 0; row < 4; ++row) REQUIRE(table->take(row, 1) == row);
  CHECK(table->rows_in_use() == 4);
  table->free(1);
  CHECK(table->rows_in_use() == 4);
  table->free(3);
  CHECK(table->rows_in_use() == 3);
  CHECK(table->take(9, 2) == 1u);
  table->free(2);
  table->free(1);
  table->free(0);
  CHECK(table->rows_in_use() == 0);
}

TEST_CASE("there are exactly kMaxRows rows") {
  auto table = std::make_unique<WorkerTable>();
  for (shm::Row row = 0; row < kMaxRows; ++row) REQUIRE(table->take(0, 1) == row);
  CHECK(table->rows_in_use() == kMaxRows);
  CHECK(table->take(0, 1) == std::nullopt);
  table->free(kMaxRows - 1);
  CHECK(table->take(0, 1) == kMaxRows - 1);
}

TEST_CASE("requests of a row start at 0 with its process, the total never goes down") {
  auto table = std::make_unique<WorkerTable>();
  REQUIRE(table->take(0, 1) == 0u);
  REQUIRE(table->take(1, 1) == 1u);
  for (int i = 0; i < 5; ++i) table->count_request(0);
  for (int i = 0; i < 3; ++i) table->count_request(1);
  CHECK(table->total_requests() == 8);
  table->free(1);
  CHECK(table->total_requests() == 8);
  REQUIRE(table->take(1, 2) == 1u);
  CHECK(table->info(1).requests == 0);
  CHECK(table->info(1).pid == 0);
  CHECK(table->info(1).clients == 0);
  CHECK(table->info(1).heartbeat_ms == 0);
  table->count_request(1);
  CHECK(table->info(1).requests == 1);
  CHECK(table->total_requests() == 9);
}

TEST_CASE("every state has a name") {
  CHECK(shm::to_text(WorkerState::free) == "free");
  CHECK(shm::to_text(WorkerState::starting) == "starting");
  CHECK(shm::to_text(WorkerState::ready) == "ready");
  CHECK(shm::to_text(WorkerState::draining) == "draining");
  CHECK(shm::to_text(static_cast<WorkerState>(99)) == "unknown");
}
