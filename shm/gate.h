// A limit on requests in service, kept over all workers without a lock.
//
// A view, private to a process, of one gate in the segment: there is one for each backend and each
// listener (`Threads`). Each row writes only its own cells, so a worker that lies can take slots
// away, but only while it lives, and cannot go beyond the limit for others. So the sum is exact at
// every instruction, and the master frees what a killed worker held by zeroing the cells of its row
// (`release_row`). A worker takes a slot by raising its own cell and then checking the sum; it
// backs out when the sum exceeds the limit. Requests are served in the order of their arrival over
// all workers: a request that must wait draws a ticket, each worker publishes the smallest ticket
// of its own waiters, and a free slot belongs to the smallest published ticket. Calls never block
// and never make a system call. Operations on which two rows race are sequentially consistent.
//
// There are two ranks of waiters, and each row publishes the smallest ticket of either rank. While
// both ranks wait, kKnownPerStranger known ones are served, then one stranger, and so on, whatever
// their tickets are. So strangers get one slot in five, however many of either rank come or give
// up. The number of known ones served since the last stranger is one shared word. A worker that is
// killed before it has counted makes one turn longer by one. A worker that lies in it can shift
// turns between the ranks, but the limit does not depend on it.
//
// What a caller must do, or a wake-up is lost (gate.cc proves that this is enough):
//   to enter   try_enter(…, 0); if refused draw_ticket, publish_waiting, try_enter(…, ticket);
//   to look    after leave, after every refused try_enter that is not tried again at once, and
//              after publish_waiting withdrew a ticket (its request has entered or has given up):
//                r = next_in_turn(rows);  own row: try the first waiter again;  another row: wake
//                it, so that it tries its first waiter;  kMaxRows: nothing to do.
//   the master wakes every row after release_row and after set_limit: a process may have died
//              before its look, and a larger limit frees slots that no request left.
// `rows` is WorkerTable::rows_in_use. Read it anew for each call, after the step that the call
// follows. Rows at and above it are not counted. (A scan can miss a row that was taken, forked and
// put to work between the read of `rows` and the scan. Starting a process takes longer than that.)
#pragma once

#include <atomic>
#include <cstdint>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/per_row.h"

namespace shm {

// 0 = none. The lower bits count over all workers and ranks; the two highest bits are marks.
using Ticket = std::uint64_t;
inline constexpr Ticket kBehindAll = Ticket{1} << 63;  // after all tickets of both ranks without it
inline constexpr Ticket kOfStranger = Ticket{1} << 62;

enum class Rank : std::uint8_t { known, stranger };
inline constexpr Rank kRanks[] = {Rank::known, Rank::stranger};

inline constexpr Rank rank_of(Ticket ticket) {
  return (ticket & kOfStranger) != 0 ? Rank::stranger : Rank::known;
}

// How many known requests are served for each stranger while both wait.
inline constexpr std::uint32_t kKnownPerStranger = 4;

class Gate {
 public:
  struct MasterPart {
    std::atomic<std::uint32_t> limit{0};
  };
  struct RowPart {
    std::atomic<Ticket> first_ticket[2]{};  // by rank
    std::atomic<std::uint32_t> waiting[2]{};
    std::atomic<std::uint32_t> in_service{0};
    std::uint32_t unused = 0;  // a cell never straddles two cache lines
  };
  struct CommonPart {
    std::atomic<Ticket> last_ticket{0};
    std::atomic<std::uint32_t> known_in_a_row{0};  // served while strangers waited
  };
  Gate(MasterPart& master, PerRow<RowPart> cells, CommonPart& common)
      : master_(&master), cells_(cells), common_(&common) {}

  void set_limit(std::uint32_t limit);  // 0 = no limit; by the master, at start and reload
  std::uint32_t limit() const;

  // Takes a slot for `row`. Fails when the limit is reached or when it is the turn of another
  // ticket than `mine`. `mine` is 0 for a request that has not waited yet; it fails when any
  // request waits. When two rows try for the last slot at the same moment, both may fail. Both then
  // have tickets, and the one whose turn it is gets the slot.
  bool try_enter(Row row, std::uint32_t rows, Ticket mine);
  // Takes a free slot without regard to tickets: for a waiter that has seen a slot stay free for
  // too long.
  bool try_enter_out_of_turn(Row row, std::uint32_t rows);
  void leave(Row row);

  Ticket draw_ticket(Rank rank = Rank::known);
  // Publishes the smallest ticket of this row's waiters of one rank, and their number; 0 and 0 for
  // none.
  void publish_waiting(Row row, Ticket first, std::uint32_t count, Rank rank = Rank::known);
  // Whether the stranger goes before the known one now. Both tickets are waiters'.
  bool is_turn_of_stranger(Ticket known, Ticket stranger) const;
  // The row to wake: that of the ticket whose turn it is, if a slot is free. kMaxRows = none.
  Row next_in_turn(std::uint32_t rows) const;

  std::uint32_t in_service(std::uint32_t rows) const;
  std::uint32_t in_service_of(Row row) const;
  std::uint32_t waiting(std::uint32_t rows) const;  // of both ranks
  std::uint32_t waiting(std::uint32_t rows, Rank rank) const;
  void release_row(Row row);
  // By the master: makes the numbers of tickets small again, if they are close to their end. True
  // if they were.
  bool mend();

 private:
  struct Scan {
    void note(Rank rank, Ticket ticket, Row row);

    std::uint64_t raised = 0;
    Ticket first[2] = {};  // by rank: the smallest published, 0 for none
    Row row[2] = {kMaxRows, kMaxRows};
  };
  // `mine` counts as published.
  Scan scan(std::uint32_t rows, Ticket mine = 0) const;
  Rank turn(const Scan& seen) const;
  bool admits(const Scan& seen, Ticket mine) const;
  void count_turn(const Scan& seen, Ticket mine);
  void lower(Row row);

  MasterPart* master_;
  PerRow<RowPart> cells_;
  CommonPart* common_;
};

static_assert(kFitForSegment<Gate::MasterPart> && kFitForSegment<Gate::CommonPart>);
static_assert(kFitForSegment<Gate::RowPart> && sizeof(Gate::RowPart) == 32);

}  // namespace shm
