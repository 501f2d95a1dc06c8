// The gate's protocol, and why it is right. All that rows race on is sequentially consistent: there
// is one order of all these loads and stores, "before" and "after" below are places in it.
//
// Never more than the limit. Assume that more than `limit` are in service at one moment, and let X
// be the one of them who raised its cell last. X scanned after that; the others had raised theirs
// and have not left since, so that X counted more than `limit` and backed out. Contradiction.
//
// No lost wake-up. Let W sleep with the smallest published ticket; assume that it is not rung again
// although from some time on a slot stays free. W published before its last try, and was refused.
//   1. After W published only finitely many cells are raised: who scans after that sees W's ticket
//      and does not raise. What is left is at most one attempt for each row that was under way, and
//      rare out-of-turn ones. So there is a last lowering, by `leave` or by a back-out, and for the
//      same reason a last taking back of a smaller ticket.
//   2. At least one of the two comes after W published. If W was refused for a smaller ticket, that
//      one has been taken back since. If it was refused for the sum, it counted `limit` cells or
//      more beside its own, and as a slot is free in the end, one of them was lowered after W read
//      it.
//   3. Who does either looks afterwards. Take the later of the two looks: W's ticket is there and
//      is the smallest; no cell is lowered any more, so what it counts is at most what stays, which
//      leaves a slot free. It rings W's row or, if that is its own, tries again. Contradiction.
// This is why a refused attempt must look, too: another one may have been refused only because it
// counted the cell that is lowered now. It is also why two that refuse each other end well: the
// last of them to look rings the one with the smaller ticket, or is it.
// Who is killed before it looks has its look made up for by the master, who rings all rows.
#include "shm/gate.h"

#include <algorithm>

namespace shm {

void Gate::set_limit(std::uint32_t limit) { limit_.store(limit); }

std::uint32_t Gate::limit() const { return limit_.load(std::memory_order_relaxed); }

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
  // First a look that disturbs nobody: raising a cell without hope makes others back out.
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

Ticket Gate::draw_ticket() { return last_ticket_.fetch_add(1) + 1; }

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

void Gate::release_row(Row row) {
  Cell& cell = cells_[row];
  cell.first_ticket.store(0);
  cell.waiting.store(0, std::memory_order_relaxed);
  cell.in_service.store(0);
}

}  // namespace shm
