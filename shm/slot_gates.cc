// The gates of one `Threads` limit: see slot_gates.h.
#include "shm/slot_gates.h"

namespace shm {

SlotGates::SlotGates(MasterPart& master, PerRow<RowPart> rows, CommonPart& common)
    : all(master.all, rows.at(&rows[0].all), common.all),
      senders(master.senders, rows.at(&rows[0].senders), common.senders),
      readers(master.readers, rows.at(&rows[0].readers), common.readers) {}

void SlotGates::set_limit(std::uint32_t limit) {
  all.set_limit(limit);
  senders.set_limit(limit == 0 ? 0 : half_of(limit));
  readers.set_limit(limit == 0 ? 0 : half_of(limit));
}

void SlotGates::release_row(Row row) {
  all.release_row(row);
  senders.release_row(row);
  readers.release_row(row);
}

std::uint64_t SlotGates::mend() {
  return (all.mend() ? 1 : 0) + (senders.mend() ? 1 : 0) + (readers.mend() ? 1 : 0);
}

}  // namespace shm
