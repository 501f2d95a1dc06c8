// A limit on requests in service, kept over all workers without a lock.
//
// Lives in the segment: one for each backend and for each listener (`Threads`). Each row writes
// only its own cells, so that what a killed worker held is given back by zeroing its row
// (`release_row`, by the master) and the sum is exact at every instruction.
// A worker takes a slot by raising its own cell, then checking the sum; it backs out when the
// limit is passed. First come, first served over all workers: who has to wait draws a ticket and
// publishes the smallest ticket of its own waiters; a slot is meant for the smallest published.
// Calls never block, never make a system call. Sequentially consistent where two rows race.
//
// What the caller owes, or a wake-up is lost (gate.cc proves that it then is not):
//   to enter   try_enter(…, 0); if refused draw_ticket, publish_waiting, try_enter(…, ticket);
//   to look    after leave, after every refused try_enter that is not tried again at once, and
//              after publish_waiting took a ticket back (its request has entered, or has given up):
//                r = next_in_turn(rows);  own row: try the first waiter again;  another row: ring
//                it, so that it tries its first waiter;  kMaxRows: nothing to do.
//   the master rings every row after release_row and after set_limit: a look may have died with
//              its process, and a larger limit frees slots that nobody left.
// `rows` is WorkerTable::rows_in_use, read for each call, after what it comes after: rows at and
// above it are not counted. (A row that is taken, forked and served between that and try_enter's
// own scan is missed once; its process takes longer to start.)
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

using Ticket = std::uint64_t;  // 0 = none; grows over all workers of a gate

class Gate {
 public:
  void set_limit(std::uint32_t limit);  // 0 = no limit; by the master, at start and reload
  std::uint32_t limit() const;

  // Takes a slot for `row`. Refused when the limit is reached, or when a smaller ticket than
  // `mine` is published (mine 0: a request that has not waited: refused when anybody waits).
  // Two that try at once for the last slot may both be refused: both then have tickets, and the
  // smaller one gets it.
  bool try_enter(Row row, std::uint32_t rows, Ticket mine);
  // Takes a slot if one is free, whoever waits: for a waiter that has seen one free for too long.
  bool try_enter_out_of_turn(Row row, std::uint32_t rows);
  void leave(Row row);

  Ticket draw_ticket();
  // The smallest ticket among this row's waiters, and how many they are; 0 and 0 for none.
  void publish_waiting(Row row, Ticket first, std::uint32_t count);
  // The row to wake: the one with the smallest ticket, if a slot is free; else kMaxRows = nobody.
  Row next_in_turn(std::uint32_t rows) const;

  std::uint32_t in_service(std::uint32_t rows) const;
  std::uint32_t in_service_of(Row row) const;
  std::uint32_t waiting(std::uint32_t rows) const;
  void release_row(Row row);

 private:
  // 16 bytes, so that one scan of four rows reads one cache line and has all there is to know.
  struct Cell {
    std::atomic<std::uint32_t> in_service{0};
    std::atomic<std::uint32_t> waiting{0};
    std::atomic<Ticket> first_ticket{0};
  };
  struct Scan {
    std::uint64_t raised = 0;
    Ticket first = 0;  // the smallest published, 0 for none
    Row first_row = kMaxRows;
    bool admits(Ticket mine) const { return first == 0 || (mine != 0 && mine <= first); }
  };
  Scan scan(std::uint32_t rows) const;
  void lower(Row row);

  // Read at every call and hardly ever written, hence not on a line with the cells.
  alignas(kCacheLine) std::atomic<std::uint32_t> limit_{0};
  std::atomic<Ticket> last_ticket_{0};
  alignas(kCacheLine) Cell cells_[kMaxRows];
};

static_assert(sizeof(Gate) == kCacheLine + std::size_t{16} * kMaxRows);
static_assert(kFitForSegment<Gate>);

}  // namespace shm
