// The gate in one process: limits, tickets, turns, and the release of a dead row. Races of several
// processes are in test_gate_processes.cc.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/time.h>

#include "shm/gate.h"
#include "t/unit/shm/table_memory.h"

using children::SharedTable;
using shm::Gate;
using shm::kMaxRows;
using shm::Row;
using shm::Ticket;

TEST_CASE("the limit is the most in service over all rows") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.set_limit(3);
  CHECK(gate.limit() == 3);
  CHECK(gate.try_enter(0, 4, 0));
  CHECK(gate.try_enter(1, 4, 0));
  CHECK(gate.try_enter(1, 4, 0));
  CHECK_FALSE(gate.try_enter(2, 4, 0));
  CHECK_FALSE(gate.try_enter(0, 4, 0));
  CHECK_FALSE(gate.try_enter_out_of_turn(3, 4));
  CHECK(gate.in_service(4) == 3);
  CHECK(gate.in_service_of(0) == 1);
  CHECK(gate.in_service_of(1) == 2);
  CHECK(gate.in_service_of(2) == 0);
  gate.leave(1);
  CHECK(gate.in_service(4) == 2);
  CHECK(gate.try_enter(3, 4, 0));
  CHECK_FALSE(gate.try_enter(3, 4, 0));
}

TEST_CASE("a limit of 0 means no limit, even with waiters") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.publish_waiting(1, gate.draw_ticket(), 1);
  for (int i = 0; i < 1000; ++i) REQUIRE(gate.try_enter(0, 2, 0));
  CHECK(gate.try_enter_out_of_turn(0, 2));
  CHECK(gate.in_service(2) == 1001);
  CHECK(gate.next_in_turn(2) == 1);
}

TEST_CASE("a lower limit ends no request, but admits none until the sum is below it") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.set_limit(3);
  for (int i = 0; i < 3; ++i) REQUIRE(gate.try_enter(0, 1, 0));
  gate.set_limit(1);
  gate.leave(0);
  CHECK_FALSE(gate.try_enter(0, 1, 0));
  gate.leave(0);
  CHECK_FALSE(gate.try_enter(0, 1, 0));
  gate.leave(0);
  CHECK(gate.try_enter(0, 1, 0));
}

TEST_CASE("tickets are drawn in order, from 1") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  CHECK(gate.draw_ticket() == 1);
  CHECK(gate.draw_ticket() == 2);
  CHECK(gate.draw_ticket() == 3);
}

TEST_CASE("a waiting request goes before a new one, and the smallest ticket goes first") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.set_limit(1);
  REQUIRE(gate.try_enter(0, 3, 0));
  const Ticket first = gate.draw_ticket();
  const Ticket second = gate.draw_ticket();
  gate.publish_waiting(2, first, 1);
  gate.publish_waiting(1, second, 1);
  CHECK(gate.next_in_turn(3) == kMaxRows);  // no slot is free
  gate.leave(0);
  CHECK(gate.next_in_turn(3) == 2);
  CHECK_FALSE(gate.try_enter(0, 3, 0));
  CHECK_FALSE(gate.try_enter(1, 3, second));
  CHECK(gate.in_service(3) == 0);
  CHECK(gate.try_enter(2, 3, first));
  gate.publish_waiting(2, 0, 0);
  CHECK(gate.next_in_turn(3) == kMaxRows);
  gate.leave(2);
  CHECK(gate.next_in_turn(3) == 1);
  CHECK(gate.try_enter(1, 3, second));
  gate.publish_waiting(1, 0, 0);
  gate.leave(1);
  CHECK(gate.next_in_turn(3) == kMaxRows);
  CHECK(gate.try_enter(0, 3, 0));
}

TEST_CASE("a row's own later waiter does not overtake its first") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.set_limit(2);
  const Ticket first = gate.draw_ticket();
  const Ticket second = gate.draw_ticket();
  gate.publish_waiting(0, first, 2);
  CHECK_FALSE(gate.try_enter(0, 1, second));
  CHECK(gate.try_enter(0, 1, first));
  gate.publish_waiting(0, second, 1);
  CHECK(gate.try_enter(0, 1, second));
}

TEST_CASE("out of turn needs a free slot and nothing else") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.set_limit(1);
  gate.publish_waiting(1, gate.draw_ticket(), 1);
  CHECK(gate.try_enter_out_of_turn(0, 2));
  CHECK_FALSE(gate.try_enter_out_of_turn(0, 2));
  CHECK(gate.in_service(2) == 1);
}

TEST_CASE("first come, first served over three rows with several waiters each") {
  constexpr Row kRows = 3;
  constexpr unsigned kEach = 5;
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.set_limit(1);
  REQUIRE(gate.try_enter(0, kRows, 0));
  Ticket tickets[kRows][kEach];
  for (unsigned i = 0; i < kEach; ++i) {
    for (Row row = 0; row < kRows; ++row) tickets[row][i] = gate.draw_ticket();
  }
  unsigned served[kRows] = {};
  for (Row row = 0; row < kRows; ++row) gate.publish_waiting(row, tickets[row][0], kEach);
  CHECK(gate.waiting(kRows) == kRows * kEach);
  Row holder = 0;
  for (unsigned turn = 0; turn < kRows * kEach; ++turn) {
    gate.leave(holder);
    const Row row = gate.next_in_turn(kRows);
    REQUIRE(row == turn % kRows);
    REQUIRE(gate.try_enter(row, kRows, tickets[row][served[row]]));
    const unsigned left = kEach - ++served[row];
    gate.publish_waiting(row, left == 0 ? 0 : tickets[row][served[row]], left);
    holder = row;
  }
  CHECK(gate.waiting(kRows) == 0);
  CHECK(gate.in_service(kRows) == 1);
}

TEST_CASE("a released row gives back its slots and its tickets, and only its own") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.set_limit(4);
  for (int i = 0; i < 3; ++i) REQUIRE(gate.try_enter(0, 2, 0));
  REQUIRE(gate.try_enter(1, 2, 0));
  gate.publish_waiting(0, gate.draw_ticket(), 7);
  gate.publish_waiting(1, gate.draw_ticket(), 2);
  gate.release_row(0);
  CHECK(gate.in_service(2) == 1);
  CHECK(gate.waiting(2) == 2);
  CHECK(gate.next_in_turn(2) == 1);
  CHECK(gate.in_service_of(1) == 1);
}

TEST_CASE("the last row is as good as the first, and `rows` beyond the end is cut") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.set_limit(1);
  CHECK(gate.try_enter(kMaxRows - 1, kMaxRows, 0));
  CHECK(gate.in_service(kMaxRows) == 1);
  CHECK(gate.in_service(kMaxRows + 1) == 1);
  CHECK(gate.in_service(kMaxRows - 1) == 0);
  CHECK_FALSE(gate.try_enter(0, kMaxRows, 0));
}

TEST_CASE("only the rows below `rows` count, from the first to the last of them") {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  gate.set_limit(2);
  for (const Row row : {Row{0}, Row{3}, Row{4}}) {
    gate.publish_waiting(row, gate.draw_ticket(), row + 1);
  }
  CHECK(gate.waiting(0) == 0);
  CHECK(gate.waiting(1) == 1);
  CHECK(gate.waiting(3) == 1);
  CHECK(gate.waiting(4) == 5);
  CHECK(gate.waiting(5) == 10);
  CHECK(gate.waiting(kMaxRows) == 10);
  gate.publish_waiting(0, 0, 0);
  CHECK(gate.next_in_turn(3) == kMaxRows);
  CHECK(gate.next_in_turn(4) == 3);
  gate.publish_waiting(3, 0, 0);
  CHECK(gate.next_in_turn(4) == kMaxRows);
  CHECK(gate.next_in_turn(5) == 4);
  gate.publish_waiting(4, 0, 0);
  REQUIRE(gate.try_enter(4, 5, 0));
  CHECK(gate.in_service(4) == 0);
  CHECK(gate.in_service(5) == 1);
}

namespace {

// What the other row does in the middle of an attempt: a signal handler plays it.
struct Other {
  SharedTable<Gate> shared;
  Gate& gate = *shared;
  volatile sig_atomic_t interruptions = 0;
  volatile sig_atomic_t entered = 0;  // row 1 holds the slot
};
Other* other = nullptr;

void enter_row_1(int) {
  other->interruptions = other->interruptions + 1;
  if (other->entered == 0 && other->gate.try_enter(1, kMaxRows, 0)) other->entered = 1;
}

}  // namespace

TEST_CASE("an attempt that another row interrupts at any instruction never passes the limit") {
  Other mine;
  other = &mine;
  mine.gate.set_limit(1);
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = enter_row_1;
  REQUIRE(::sigaction(SIGALRM, &action, &before) == 0);
  const itimerval often{{0, 50}, {0, 50}};
  REQUIRE(::setitimer(ITIMER_REAL, &often, nullptr) == 0);
  unsigned both = 0;
  while (mine.interruptions < 1000) {
    // The scan of all rows takes most of the time: it is what the signals meet.
    const bool won = mine.gate.try_enter(0, kMaxRows, 0);
    if (won && mine.entered != 0) ++both;
    if (won) mine.gate.leave(0);
    if (mine.entered == 0) continue;
    mine.gate.leave(1);
    mine.entered = 0;
  }
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  CHECK(both == 0);
}
