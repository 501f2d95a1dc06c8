// Connections of each client, with several rows and several processes.
#include <doctest/doctest.h>

#include <memory>

#include "shm/client_connections.h"
#include "t/unit/shm/children.h"

using shm::ClientConnections;
using shm::SessionKey;
using Entry = shm::ClientConnections::Entry;

namespace {

constexpr shm::Row kRows = 4;

struct Memory {
  ClientConnections::RowPart rows[kRows];
  ClientConnections view() {
    return ClientConnections(shm::PerRow<ClientConnections::RowPart>(&rows[0], sizeof rows[0]));
  }
};

SessionKey key_of(std::uint64_t client) {
  children::Random random(client);
  const std::uint64_t high = random.next();
  return {high, random.next()};
}

}  // namespace

TEST_CASE("client_connections: the last place is taken, one more is not") {
  const auto memory = std::make_unique<Memory>();
  ClientConnections table = memory->view();
  CHECK(table.try_enter(key_of(1), 0, kRows, 3) == Entry::counted);
  CHECK(table.try_enter(key_of(1), 1, kRows, 3) == Entry::counted);
  CHECK(table.try_enter(key_of(1), 2, kRows, 3) == Entry::counted);
  CHECK(table.try_enter(key_of(1), 0, kRows, 3) == Entry::over);
  CHECK(table.count(key_of(1), kRows) == 3);
  CHECK(table.try_enter(key_of(2), 0, kRows, 3) == Entry::counted);
  table.leave(key_of(1), 1);
  CHECK(table.try_enter(key_of(1), 3, kRows, 3) == Entry::counted);
  CHECK(table.try_enter(key_of(1), 1, kRows, 3) == Entry::over);
}

TEST_CASE("client_connections: a place is free for another client when its client has left") {
  const auto memory = std::make_unique<Memory>();
  ClientConnections table = memory->view();
  unsigned counted = 0;
  for (std::uint64_t client = 0; client < 300'000; ++client) {
    counted += table.try_enter(key_of(client), 0, kRows, 1) == Entry::counted ? 1 : 0;
    table.leave(key_of(client), 0);
    table.leave(key_of(client), 0);  // one too many changes nothing
  }
  CHECK(counted == 300'000);
  CHECK(table.count(key_of(7), kRows) == 0);
}

TEST_CASE("client_connections: a client whose bucket is full is not counted, and passes") {
  const auto memory = std::make_unique<Memory>();
  ClientConnections table = memory->view();
  for (std::uint64_t i = 1; i <= 8; ++i) CHECK(table.enter({i << 24, 5}, 0));
  const SessionKey ninth{std::uint64_t{9} << 24, 5};
  CHECK(!table.enter(ninth, 0));
  CHECK(table.try_enter(ninth, 0, kRows, 1) == Entry::not_counted);
  CHECK(table.try_enter(ninth, 0, kRows, 1) == Entry::not_counted);
  CHECK(table.count(ninth, kRows) == 0);
  table.leave({std::uint64_t{1} << 24, 5}, 0);
  CHECK(table.try_enter(ninth, 0, kRows, 1) == Entry::counted);
  CHECK(table.try_enter(ninth, 0, kRows, 1) == Entry::over);
}

TEST_CASE("client_connections: the row of a dead process counts nothing, whatever is in it") {
  const auto memory = std::make_unique<Memory>();
  ClientConnections table = memory->view();
  CHECK(table.enter(key_of(1), 0));
  CHECK(table.enter(key_of(1), 1));
  table.release_row(1);
  memory->rows[1].cells[key_of(2).low % ClientConnections::kBuckets][3].store(
      (key_of(2).high & ~std::uint64_t{0xffffff}) | 1000);
  CHECK(table.count(key_of(1), kRows) == 1);
  CHECK(table.count(key_of(2), kRows) == 0);
  CHECK(table.try_enter(key_of(3), 1, kRows, 1) == Entry::counted);  // the row's next process
  CHECK(table.count(key_of(1), kRows) == 1);
  CHECK(table.count(key_of(2), kRows) == 0);
}

TEST_CASE("client_connections: the number of rows is not believed") {
  const auto memory = std::make_unique<ClientConnections::RowPart[]>(shm::kMaxRows);
  ClientConnections table(
      shm::PerRow<ClientConnections::RowPart>(&memory[0], sizeof(ClientConnections::RowPart)));
  CHECK(table.enter(key_of(1), shm::kMaxRows - 1));
  CHECK(table.count(key_of(1), shm::kMaxRows + 1) == 1);
}

namespace {

struct Race {
  Memory memory;
  std::atomic<std::uint64_t> inside{0};
  std::atomic<std::uint64_t> most{0};
  std::atomic<std::uint64_t> turns{0};
};

// Enters and leaves; never may more than `places` be inside.
bool compete(Race& race, shm::Row row, std::uint64_t places) {
  ClientConnections table = race.memory.view();
  for (unsigned i = 0; i < 20'000; ++i) {
    if (table.try_enter(key_of(1), row, kRows, static_cast<std::uint32_t>(places)) !=
        Entry::counted) {
      continue;
    }
    const std::uint64_t now = ++race.inside;
    std::uint64_t most = race.most.load();
    while (most < now && !race.most.compare_exchange_weak(most, now)) {
    }
    ++race.turns;
    --race.inside;
    table.leave(key_of(1), row);
  }
  return true;
}

}  // namespace

TEST_CASE("client_connections: processes that compete never exceed the limit, and all get in") {
  for (const std::uint64_t places : {1, 2, 3}) {
    children::Shared<Race> race;
    pid_t pids[kRows];
    for (shm::Row row = 0; row < kRows; ++row) {
      pids[row] = children::start([&] { return compete(*race, row, places); });
    }
    for (const pid_t pid : pids) CHECK(children::succeeded(pid));
    CHECK(race->most.load() <= places);
    CHECK(race->turns.load() > 0);
    CHECK(race->memory.view().count(key_of(1), kRows) == 0);
  }
}

TEST_CASE("client_connections: as many places as processes are never refused") {
  children::Shared<Race> race;
  pid_t pids[kRows];
  for (shm::Row row = 0; row < kRows; ++row) {
    pids[row] = children::start([&] { return compete(*race, row, kRows); });
  }
  for (const pid_t pid : pids) CHECK(children::succeeded(pid));
  CHECK(race->turns.load() == kRows * 20'000);
}
