// The gate's protocol, and why it is correct. All operations on which rows race are sequentially
// consistent: there is one order of all these loads and stores. "Before" and "after" below refer to
// that order.
//
// Never more than the limit. Assume that more than `limit` requests are in service at one moment.
// Let X be the one that raised its cell last. X scanned after that. The others had raised their
// cells before and have not left since, so X counted more than `limit` and backed out.
// Contradiction.
//
// No lost wake-up. Let W sleep with the smallest published ticket. Assume that no row wakes W again
// although a slot stays free from some time on. W published before its last try, and that try
// failed.
//   1. After W published, only finitely many cells are raised: a row that scans after that sees W's
//      ticket and does not raise. What remains is at most one attempt of each row that had already
//      begun, and rare attempts out of turn. So there is a last lowering of a cell, by `leave` or
//      by a back-out. For the same reason there is a last withdrawal of a smaller ticket.
//   2. At least one of the two comes after W published. If W failed because of a smaller ticket,
//      that ticket has been withdrawn since. If W failed because of the sum, it counted `limit`
//      cells or more beside its own; as a slot is free in the end, one of those cells was lowered
//      after W read it.
//   3. The row that lowers or withdraws looks afterwards. Take the later of the two looks. W's
//      ticket is published and is the smallest. No cell is lowered any more, so the look counts at
//      most the cells that stay raised, which leaves a slot free. The look wakes W's row or, if
//      that is its own row, tries again. Contradiction.
// This is why a row must look after a failed attempt, too: another attempt may have failed only
// because it counted the cell that is now lowered. It is also why two attempts that make each other
// fail end well: the later look wakes the row of the smaller ticket, or belongs to that row.
// When a process is killed before its look, the master makes up for it by waking all rows.
#include "shm/gate.h"

#include <algorithm>

namespace shm {

void Gate::set_limit(std::uint32_t limit) { master_->limit.store(limit); }

std::uint32_t Gate::limit() const { return master_->limit.load(std::memory_order_relaxed); }

Gate::Scan Gate::scan(std::uint32_t rows) const {
  Scan seen;
  for (Row row = 0; row < std::min(rows, kMaxRows); ++row) {
    seen.raised += cells_[row].in_service.load();
    const Ticket ticket = cells_[row].first_ticket.load();
    if (ticket != 0 && (seen.first == 0 || ticket < seen.first)) {
      seen.first = ticket;
      seen.first_row = row;
    }
  }
  return seen;
}

void Gate::lower(Row row) { cells_[row].in_service.fetch_sub(1); }

bool Gate::try_enter(Row row, std::uint32_t rows, Ticket mine) {
  const std::uint32_t most = limit();
  if (most == 0) {
    cells_[row].in_service.fetch_add(1);
    return true;
  }
  // Scan before raising: a cell that is raised in vain makes other rows back out.
  const Scan before = scan(rows);
  if (before.raised >= most || !before.admits(mine)) return false;
  cells_[row].in_service.fetch_add(1);
  const Scan after = scan(rows);
  if (after.raised <= most && after.admits(mine)) return true;
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

Ticket Gate::draw_ticket() { return common_->last_ticket.fetch_add(1) + 1; }

void Gate::publish_waiting(Row row, Ticket first, std::uint32_t count) {
  cells_[row].waiting.store(count, std::memory_order_relaxed);
  cells_[row].first_ticket.store(first);
}

Row Gate::next_in_turn(std::uint32_t rows) const {
  const Scan seen = scan(rows);
  const std::uint32_t most = limit();
  return most == 0 || seen.raised < most ? seen.first_row : kMaxRows;
}

std::uint32_t Gate::in_service(std::uint32_t rows) const {
  return static_cast<std::uint32_t>(scan(rows).raised);
}

std::uint32_t Gate::in_service_of(Row row) const { return cells_[row].in_service.load(); }

std::uint32_t Gate::waiting(std::uint32_t rows) const {
  std::uint32_t sum = 0;
  for (Row row = 0; row < std::min(rows, kMaxRows); ++row) {
    sum += cells_[row].waiting.load(std::memory_order_relaxed);
  }
  return sum;
}

bool Gate::mend() {
  constexpr Ticket kFarTooMany = Ticket{1} << 62;
  if (common_->last_ticket.load() < kFarTooMany) return false;
  common_->last_ticket.store(0);
  return true;
}

void Gate::release_row(Row row) {
  RowPart& cell = cells_[row];
  cell.first_ticket.store(0);
  cell.waiting.store(0, std::memory_order_relaxed);
  cell.in_service.store(0);
}

}  // namespace shm
