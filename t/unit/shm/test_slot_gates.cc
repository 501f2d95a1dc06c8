#include <doctest/doctest.h>

#include "shm/slot_gates.h"
#include "t/unit/shm/table_memory.h"

TEST_CASE("slot_gates: half of the slots are for senders and for readers, at least one") {
  children::SharedTable<shm::SlotGates> shared;
  shm::SlotGates* const slots = &*shared;
  struct Case {
    std::uint32_t limit, half;
  };
  for (const Case& one : {Case{8, 4}, Case{7, 3}, Case{2, 1}, Case{1, 1}, Case{0, 0}}) {
    slots->set_limit(one.limit);
    CHECK(slots->all.limit() == one.limit);
    CHECK(slots->senders.limit() == one.half);
    CHECK(slots->readers.limit() == one.half);
  }
}

TEST_CASE("slot_gates: a dead process holds none") {
  children::SharedTable<shm::SlotGates> shared;
  shm::SlotGates* const slots = &*shared;
  slots->set_limit(2);
  for (shm::Gate* gate : {&slots->all, &slots->senders, &slots->readers}) {
    CHECK(gate->try_enter(1, 2, 0));
  }
  slots->release_row(1);
  for (shm::Gate* gate : {&slots->all, &slots->senders, &slots->readers}) {
    CHECK(gate->in_service(2) == 0);
  }
}
