// The gate with waiters of both ranks: their turns, over one row and over several.
#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

#include "shm/gate.h"
#include "t/unit/shm/table_memory.h"

using children::SharedTable;
using shm::Gate;
using shm::kMaxRows;
using shm::Rank;
using shm::Row;
using shm::Ticket;

namespace {

constexpr std::size_t kKnown = 0;
constexpr std::size_t kStranger = 1;

// A gate with one slot, and the waiters of some rows in the order of their arrival.
struct World {
  explicit World(Row rows_) : rows(rows_), queues(rows_) {
    gate.set_limit(1);
    REQUIRE(gate.try_enter(0, rows, 0));
  }
  void arrive(Row row, Rank rank, Ticket mark = 0) {
    queues[row][static_cast<std::size_t>(rank)].push_back(gate.draw_ticket(rank) | mark);
    publish(row, rank);
  }
  void leave_queue(Row row, Rank rank) {
    queues[row][static_cast<std::size_t>(rank)].pop_front();
    publish(row, rank);
  }
  void publish(Row row, Rank rank) {
    const std::deque<Ticket>& queue = queues[row][static_cast<std::size_t>(rank)];
    gate.publish_waiting(row, queue.empty() ? 0 : queue.front(),
                         static_cast<std::uint32_t>(queue.size()), rank);
  }
  // The slot becomes free, and the row that the gate names takes it. 'k' or 's' and the row.
  std::string serve() {
    gate.leave(holder);
    const Row row = gate.next_in_turn(rows);
    REQUIRE(row < rows);
    std::string served;
    for (const Rank rank : shm::kRanks) {
      const std::deque<Ticket>& queue = queues[row][static_cast<std::size_t>(rank)];
      if (queue.empty() || !gate.try_enter(row, rows, queue.front())) continue;
      served += (rank == Rank::known ? "k" : "s") + std::to_string(row);
      leave_queue(row, rank);
      holder = row;
    }
    return served;
  }
  std::string serve(int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += serve() + (i + 1 < times ? " " : "");
    return all;
  }

  SharedTable<Gate> shared;
  Gate& gate = *shared;
  Row rows;
  Row holder = 0;
  struct Queues {
    std::deque<Ticket> by_rank[2];
    std::deque<Ticket>& operator[](std::size_t rank) { return by_rank[rank]; }
  };
  std::vector<Queues> queues;
};

}  // namespace

TEST_CASE("gate ranks: a ticket says its rank, and numbers count over both") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  CHECK(gate.draw_ticket(Rank::known) == 1);
  const Ticket stranger = gate.draw_ticket(Rank::stranger);
  CHECK(stranger == (2 | shm::kOfStranger));
  CHECK(gate.draw_ticket(Rank::known) == 3);
  CHECK(shm::rank_of(stranger) == Rank::stranger);
  CHECK(shm::rank_of(stranger | shm::kBehindAll) == Rank::stranger);
  CHECK(shm::rank_of(3 | shm::kBehindAll) == Rank::known);
}

TEST_CASE("gate ranks: four known requests, then one stranger, whoever came first") {
  World world(1);
  for (int i = 0; i < 3; ++i) world.arrive(0, Rank::stranger);
  for (int i = 0; i < 9; ++i) world.arrive(0, Rank::known);
  CHECK(world.serve(12) == "k0 k0 k0 k0 s0 k0 k0 k0 k0 s0 k0 s0");
  CHECK(world.gate.waiting(1) == 0);
}

TEST_CASE("gate ranks: strangers get exactly a fifth of 1000 slots, over three rows") {
  World world(3);
  for (int i = 0; i < 1000; ++i) {
    for (const Rank rank : shm::kRanks) world.arrive(static_cast<Row>(i % 3), rank);
  }
  int strangers = 0;
  for (int i = 1; i <= 1000; ++i) {
    const std::string served = world.serve();
    strangers += served[0] == 's';
    REQUIRE(strangers == i / 5);
    // Each rank is served in the order of its arrival.
    const int before = served[0] == 's' ? strangers - 1 : i - strangers - 1;
    REQUIRE(served == served.substr(0, 1) + std::to_string(before % 3));
  }
  CHECK(world.gate.waiting(3, Rank::stranger) == 800);
  CHECK(world.gate.waiting(3, Rank::known) == 200);
}

TEST_CASE("gate ranks: one rank alone is served in the order of arrival") {
  for (const Rank rank : shm::kRanks) {
    World world(2);
    for (const Row row : {Row{1}, Row{0}, Row{0}, Row{1}, Row{0}, Row{1}, Row{1}}) {
      world.arrive(row, rank);
    }
    const std::string name = rank == Rank::known ? "k" : "s";
    std::string expected;
    for (const char* row : {"1", "0", "0", "1", "0", "1", "1"}) expected += name + row + " ";
    CHECK(world.serve(7) + " " == expected);
  }
}

TEST_CASE("gate ranks: what is served while one rank waits alone does not count as a turn") {
  World world(1);
  for (int i = 0; i < 20; ++i) world.arrive(0, Rank::known);
  for (int i = 0; i < 10; ++i) CHECK(world.serve() == "k0");
  world.arrive(0, Rank::stranger);
  CHECK(world.serve(6) == "k0 k0 k0 k0 s0 k0");
}

TEST_CASE("gate ranks: strangers who give up do not set back those who stay") {
  World world(1);
  for (int i = 0; i < 1000; ++i) world.arrive(0, Rank::known);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i) world.arrive(0, Rank::stranger);
    CHECK(world.serve(5) == "k0 k0 k0 k0 s0");
    for (int i = 0; i < 49; ++i) world.leave_queue(0, Rank::stranger);
  }
}

TEST_CASE("gate ranks: a request that comes when a slot is free does not pass any that waits") {
  World world(2);
  world.arrive(1, Rank::stranger);
  world.gate.leave(0);
  CHECK_FALSE(world.gate.try_enter(0, 2, 0));
  CHECK(world.gate.next_in_turn(2) == 1);
  // With a ticket it goes before the stranger.
  world.arrive(0, Rank::known);
  CHECK(world.gate.next_in_turn(2) == 0);
  CHECK_FALSE(world.gate.try_enter(1, 2, world.queues[1][kStranger].front()));
  CHECK(world.gate.try_enter(0, 2, world.queues[0][kKnown].front()));
}

TEST_CASE("gate ranks: behind all means behind both ranks; among such, ranks take turns") {
  World world(1);
  for (int i = 0; i < 5; ++i) world.arrive(0, Rank::known, shm::kBehindAll);
  for (int i = 0; i < 6; ++i) world.arrive(0, Rank::stranger);
  CHECK(world.serve(6) == "s0 s0 s0 s0 s0 s0");
  for (int i = 0; i < 2; ++i) world.arrive(0, Rank::stranger, shm::kBehindAll);
  CHECK(world.serve(7) == "k0 k0 k0 k0 s0 k0 s0");
}

TEST_CASE("gate ranks: a known ticket in front of strangers behind all") {
  World world(1);
  for (int i = 0; i < 2; ++i) world.arrive(0, Rank::stranger, shm::kBehindAll);
  for (int i = 0; i < 6; ++i) world.arrive(0, Rank::known);
  CHECK(world.serve(8) == "k0 k0 k0 k0 k0 k0 s0 s0");
}

TEST_CASE("gate ranks: a dead row has no waiters of either rank") {
  World world(2);
  for (const Row row : {Row{0}, Row{1}}) {
    for (const Rank rank : shm::kRanks) world.arrive(row, rank);
  }
  CHECK(world.gate.waiting(2) == 4);
  world.gate.release_row(0);  // it had the slot, too
  CHECK(world.gate.waiting(2, Rank::known) == 1);
  CHECK(world.gate.waiting(2, Rank::stranger) == 1);
  CHECK(world.gate.next_in_turn(2) == 1);
  CHECK(world.gate.in_service(2) == 0);
}

TEST_CASE("gate ranks: a worker that dies before it counts its turn lengthens one round by one") {
  World world(2);
  for (int i = 0; i < 9; ++i) world.arrive(1, Rank::known);
  for (int i = 0; i < 2; ++i) world.arrive(1, Rank::stranger);
  CHECK(world.serve(2) == "k1 k1");
  // Row 0 takes a slot, dies, and leaves no trace but a ticket that nobody has.
  world.gate.leave(1);
  world.gate.draw_ticket(Rank::known);
  REQUIRE(world.gate.try_enter_out_of_turn(0, 2));
  world.gate.release_row(0);
  REQUIRE(world.gate.try_enter_out_of_turn(1, 2));
  CHECK(world.serve(4) == "k1 k1 s1 k1");
}
