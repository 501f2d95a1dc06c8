// The gate's protocol, and why it is correct. All operations on which rows race are sequentially
// consistent: there is one order of all these loads and stores. "Before" and "after" below refer to
// that order.
//
// Never more than the limit. Assume that more than `limit` requests are in service at one moment.
// Let X be the one that raised its cell last. X scanned after that. The others had raised their
// cells before and have not left since, so X counted more than `limit` and backed out.
// Contradiction.
//
// No lost wake-up. Let W sleep, and let it be its turn. Assume that no row wakes W again although a
// slot stays free and the turn stays W's from some time on. W published before its last try, and
// that try failed.
//   1. From then on only finitely many cells are raised: a row that scans sees that it is W's turn
//      and does not raise. What remains is at most one attempt of each row that had already begun,
//      and rare attempts out of turn. So there is a last lowering of a cell, by `leave` or by a
//      back-out. For the same reason there is a last withdrawal of a ticket that goes before W.
//   2. At least one of the two comes after W published. If W failed because of another ticket's
//      turn, that ticket has been withdrawn since, or it was still published when its row counted
//      the turn that made way for W, and has been withdrawn after that. If W failed because of the
//      sum, it counted `limit` cells or more beside its own; as a slot is free in the end, one of
//      those cells was lowered after W read it.
//   3. The row that lowers or withdraws looks afterwards. Take the later of the two looks. W's
//      ticket is published and it is W's turn. No cell is lowered any more, so the look counts at
//      most the cells that stay raised, which leaves a slot free. The look wakes W's row or, if
//      that is its own row, tries again. Contradiction.
// A request that comes later may take the turn from W, when W is a stranger. Then the argument
// holds for that request, which has published and tries.
//
// Exact turns. A ticket stays published until its row has counted its turn. So no other row sees a
// ticket in turn whose predecessor has its slot but has not been counted yet.
//
// This is why a row must look after a failed attempt, too: another attempt may have failed only
// because it counted the cell that is now lowered. It is also why two attempts that make each other
// fail end well: the later look wakes the row of the ticket in turn, or belongs to that row.
// When a process is killed before its look, the master makes up for it by waking all rows.
#include "shm/gate.h"

#include <algorithm>

namespace shm {
namespace {

// Only tickets that are both behind all others, or both not, take turns.
bool take_turns(Ticket known, Ticket stranger) {
  return known != 0 && stranger != 0 && ((known ^ stranger) & kBehindAll) == 0;
}

}  // namespace

void Gate::set_limit(std::uint32_t limit) { master_->limit.store(limit); }

std::uint32_t Gate::limit() const { return master_->limit.load(std::memory_order_relaxed); }

void Gate::Scan::note(Rank rank, Ticket ticket, Row where) {
  const auto i = static_cast<std::size_t>(rank);
  if (ticket == 0 || (first[i] != 0 && first[i] <= ticket)) return;
  first[i] = ticket;
  row[i] = where;
}

Gate::Scan Gate::scan(std::uint32_t rows, Ticket mine) const {
  Scan seen;
  for (Row row = 0; row < std::min(rows, kMaxRows); ++row) {
    const RowPart& cell = cells_[row];
    seen.raised += cell.in_service.load();
    for (const Rank rank : kRanks) {
      seen.note(rank, cell.first_ticket[static_cast<std::size_t>(rank)].load(), row);
    }
  }
  seen.note(rank_of(mine), mine, kMaxRows);
  return seen;
}

void Gate::lower(Row row) { cells_[row].in_service.fetch_sub(1); }

bool Gate::is_turn_of_stranger(Ticket known, Ticket stranger) const {
  if (known == 0 || stranger == 0) return known == 0;
  if (!take_turns(known, stranger)) return (known & kBehindAll) != 0;
  return common_->known_in_a_row.load() >= kKnownPerStranger;
}

Rank Gate::turn(const Scan& seen) const {
  return is_turn_of_stranger(seen.first[0], seen.first[1]) ? Rank::stranger : Rank::known;
}

// A request without a ticket is admitted when none is published.
bool Gate::admits(const Scan& seen, Ticket mine) const {
  return seen.first[static_cast<std::size_t>(turn(seen))] == mine;
}

void Gate::count_turn(const Scan& seen, Ticket mine) {
  if (!take_turns(seen.first[0], seen.first[1])) return;
  if (rank_of(mine) == Rank::known) {
    common_->known_in_a_row.fetch_add(1);
  } else {
    common_->known_in_a_row.store(0);
  }
}

bool Gate::try_enter(Row row, std::uint32_t rows, Ticket mine) {
  const std::uint32_t most = limit();
  if (most == 0) {
    cells_[row].in_service.fetch_add(1);
    return true;
  }
  // Scan before raising: a cell that is raised in vain makes other rows back out.
  const Scan before = scan(rows, mine);
  if (before.raised >= most || !admits(before, mine)) return false;
  cells_[row].in_service.fetch_add(1);
  const Scan after = scan(rows, mine);
  if (after.raised <= most && admits(after, mine)) {
    count_turn(after, mine);
    return true;
  }
  lower(row);
  return false;
}

bool Gate::try_enter_out_of_turn(Row row, std::uint32_t rows) {
  const std::uint32_t most = limit();
  if (most != 0 && scan(rows).raised >= most) return false;
  cells_[row].in_service.fetch_add(1);
  if (most == 0 || scan(rows).raised <= most) return true;
  lower(row);
  return false;
}

void Gate::leave(Row row) { lower(row); }

Ticket Gate::draw_ticket(Rank rank) {
  const Ticket mark = rank == Rank::stranger ? kOfStranger : 0;
  return (common_->last_ticket.fetch_add(1) + 1) | mark;
}

void Gate::publish_waiting(Row row, Ticket first, std::uint32_t count, Rank rank) {
  const auto i = static_cast<std::size_t>(rank);
  cells_[row].waiting[i].store(count, std::memory_order_relaxed);
  cells_[row].first_ticket[i].store(first);
}

Row Gate::next_in_turn(std::uint32_t rows) const {
  const Scan seen = scan(rows);
  const std::uint32_t most = limit();
  if (most != 0 && seen.raised >= most) return kMaxRows;
  return seen.row[static_cast<std::size_t>(turn(seen))];
}

std::uint32_t Gate::in_service(std::uint32_t rows) const {
  return static_cast<std::uint32_t>(scan(rows).raised);
}

std::uint32_t Gate::in_service_of(Row row) const { return cells_[row].in_service.load(); }

std::uint32_t Gate::waiting(std::uint32_t rows) const {
  std::uint32_t sum = 0;
  for (Row row = 0; row < std::min(rows, kMaxRows); ++row) {
    for (const auto& count : cells_[row].waiting) sum += count.load(std::memory_order_relaxed);
  }
  return sum;
}

std::uint32_t Gate::waiting(std::uint32_t rows, Rank rank) const {
  std::uint32_t sum = 0;
  for (Row row = 0; row < std::min(rows, kMaxRows); ++row) {
    sum += cells_[row].waiting[static_cast<std::size_t>(rank)].load(std::memory_order_relaxed);
  }
  return sum;
}

bool Gate::mend() {
  constexpr Ticket kFarTooMany = Ticket{1} << 61;
  if (common_->last_ticket.load() < kFarTooMany) return false;
  common_->last_ticket.store(0);
  return true;
}

void Gate::release_row(Row row) {
  RowPart& cell = cells_[row];
  for (std::atomic<Ticket>& ticket : cell.first_ticket) ticket.store(0);
  for (std::atomic<std::uint32_t>& count : cell.waiting) {
    count.store(0, std::memory_order_relaxed);
  }
  cell.in_service.store(0);
}

}  // namespace shm
