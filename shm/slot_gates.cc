// The gates of one `Threads` limit: see slot_gates.h.
#include "shm/slot_gates.h"

namespace shm {

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

}  // namespace shm
