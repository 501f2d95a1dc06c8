// Rows of worker processes: taken, described, freed.
#include <doctest/doctest.h>

#include "shm/worker_table.h"
#include "t/unit/shm/table_memory.h"

using children::SharedTable;
using shm::kMaxRows;
using shm::WorkerState;
using shm::WorkerTable;

TEST_CASE("a taken row names its process") {
  SharedTable<WorkerTable> table;
  CHECK(table->rows_in_use() == 0);
  CHECK(table->info(0).state == WorkerState::free);
  REQUIRE(table->take(3, 7) == 0u);
  CHECK(table->rows_in_use() == 1);
  table->set_pid(0, 4711);
  table->set_state(0, WorkerState::ready);
  table->beat(0, 123456);
  table->set_clients(0, 9);
  table->set_buffered(0, 10, 20);
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
  CHECK(info.buffered == 10);
  CHECK(info.buffer_memory == 20);
}

TEST_CASE("the lowest free row is taken, and the bound of scans follows") {
  SharedTable<WorkerTable> table;
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
  SharedTable<WorkerTable> table;
  for (shm::Row row = 0; row < kMaxRows; ++row) REQUIRE(table->take(0, 1) == row);
  CHECK(table->rows_in_use() == kMaxRows);
  CHECK(table->take(0, 1) == std::nullopt);
  table->free(kMaxRows - 1);
  CHECK(table->take(0, 1) == kMaxRows - 1);
}

TEST_CASE("requests of a row start at 0 with its process, the total never goes down") {
  SharedTable<WorkerTable> table;
  REQUIRE(table->take(0, 1) == 0u);
  REQUIRE(table->take(1, 1) == 1u);
  for (int i = 0; i < 5; ++i) table->count_request(0);
  for (int i = 0; i < 3; ++i) table->count_request(1);
  table->set_buffered(1, 10, 20);
  CHECK(table->total_requests() == 8);
  table->free(1);
  CHECK(table->total_requests() == 8);
  REQUIRE(table->take(1, 2) == 1u);
  CHECK(table->info(1).requests == 0);
  CHECK(table->info(1).pid == 0);
  CHECK(table->info(1).clients == 0);
  CHECK(table->info(1).heartbeat_ms == 0);
  CHECK(table->info(1).buffered == 0);
  CHECK(table->info(1).buffer_memory == 0);
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

TEST_CASE("what a worker does is one word that says activity, listener and service") {
  using shm::Activity;
  SharedTable<WorkerTable> table;
  REQUIRE(table->take(0, 1) == 0u);
  CHECK(table->info(0).doing.activity == Activity::starting);
  table->note(0, {Activity::relay, shm::kMaxListeners - 1, shm::kMaxServices - 1});
  shm::Doing doing = table->info(0).doing;
  CHECK(doing.activity == Activity::relay);
  CHECK(doing.listener == shm::kMaxListeners - 1);
  CHECK(doing.service == shm::kMaxServices - 1);
  table->note(0, {Activity::accepting, 0, {}});
  doing = table->info(0).doing;
  CHECK(doing.activity == Activity::accepting);
  CHECK(doing.listener == 0u);
  CHECK(doing.service == std::nullopt);
  // Invalid words name no rows that do not exist.
  table->note(0, {static_cast<Activity>(200), shm::kMaxListeners, shm::kMaxServices});
  doing = table->info(0).doing;
  CHECK(shm::to_text(doing.activity) == "unknown");
  CHECK(doing.listener == std::nullopt);
  CHECK(doing.service == std::nullopt);
  table->free(0);
  REQUIRE(table->take(0, 1) == 0u);
  CHECK(table->info(0).doing.activity == Activity::starting);
}

TEST_CASE("every activity has a name of its own") {
  CHECK(shm::to_text(shm::Activity::starting) == "starting");
  CHECK(shm::to_text(shm::Activity::waiting) == "waiting");
  CHECK(shm::to_text(shm::Activity::sanitize) == "sanitize");
  CHECK(shm::to_text(shm::Activity::finish) == "finish");
  CHECK(shm::to_text(shm::Activity::drain) == "drain");
}

TEST_CASE("restarts are births in a slot except the first of a generation") {
  SharedTable<WorkerTable> table;
  const auto born = [&](shm::Slot slot, shm::Generation generation) {
    const shm::Row row = *table->take(slot, generation);
    table->set_pid(row, 1000);
    return row;
  };
  shm::Row first = born(0, 1);
  const shm::Row other = born(1, 1);
  CHECK(table->info(first).restarts == 0);
  table->free(first);
  // A process that could not be forked does not count as a birth.
  table->free(*table->take(0, 1));
  first = born(0, 1);
  CHECK(table->info(first).restarts == 1);
  CHECK(table->info(other).restarts == 0);
  const shm::Row next = born(0, 2);
  CHECK(table->info(next).restarts == 1);
  table->free(next);
  CHECK(table->info(born(0, 2)).restarts == 2);
  CHECK(table->info(born(shm::kMaxWorkers, 2)).restarts == 0);  // a slot that does not exist
  table->free(first);
  CHECK(table->restarts(0) == 2u);  // whether or not a process of the slot lives
  CHECK(table->restarts(1) == 0u);
  CHECK(table->restarts(2) == std::nullopt);  // it never had one
  CHECK(table->restarts(shm::kMaxWorkers) == std::nullopt);
}

TEST_CASE("every worker sees how many log records were lost") {
  SharedTable<WorkerTable> table;
  CHECK(table->log_losses() == 0);
  table->set_log_losses(7);
  CHECK(table->log_losses() == 7);
}

TEST_CASE("invitations are collected until they are taken, and end with the process") {
  SharedTable<WorkerTable> table;
  REQUIRE(table->take(0, 1) == 0u);
  table->invite(0, 0);
  table->invite(0, 63);
  CHECK(table->take_invitations(0) == ((std::uint64_t{1} << 63) | 1));
  CHECK(table->take_invitations(0) == 0);
  table->invite(0, 5);
  table->free(0);
  REQUIRE(table->take(0, 1) == 0u);
  CHECK(table->take_invitations(0) == 0);
}

TEST_CASE("a refused call is told until the row has another process") {
  SharedTable<WorkerTable> table;
  REQUIRE(table->take(0, 1) == 0u);
  CHECK(!table->info(0).refused_call);
  table->refused_call(0) = 1;
  CHECK(table->info(0).refused_call == 0u);
  table->refused_call(0) = 258;
  table->free(0);
  CHECK(table->info(0).refused_call == 257u);
  REQUIRE(table->take(0, 1) == 0u);
  CHECK(!table->info(0).refused_call);
}
