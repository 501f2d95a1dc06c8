// The slots of one `Threads` limit, of a listener or of a backend, as one worker uses them: a queue
// for each gate of shm::SlotGates.
#pragma once

#include <cstdint>

#include "shm/slot_gates.h"
#include "worker/route/wait_queue.h"

namespace worker::route {

struct Slots {
  enum class Of : std::uint8_t { listener, backend };

  // `row`: of the listener's or the backend's table.
  Slots(WaitQueues& queues, const shm::SlotGates& gates, Of of, std::uint32_t row)
      : all(queues, gates.all, number(of, row, 0)),
        senders(queues, gates.senders, number(of, row, 1)),
        readers(queues, gates.readers, number(of, row, 2)) {}

  WaitQueue all;
  WaitQueue senders;
  WaitQueue readers;  // nothing waits here

 private:
  static std::uint32_t number(Of of, std::uint32_t row, std::uint32_t gate) {
    return (row * 2 + static_cast<std::uint32_t>(of)) * 3 + gate;
  }
};

}  // namespace worker::route
