// The gates of one `Threads` limit, of a listener or of a backend.
//
// Every request in service is in `all`. One that waits for its client is in another gate, too,
// which admits half as many. So clients that are slow on purpose cannot hold all slots. A view, as
// Gate is.
#pragma once

#include <algorithm>
#include <cstdint>

#include "shm/gate.h"

namespace shm {

// The parts of a limit's three gates in one part of the segment.
template <class Part>
struct SlotParts {
  Part all;
  Part senders;
  Part readers;
};

struct SlotGates {
  using MasterPart = SlotParts<Gate::MasterPart>;
  using RowPart = SlotParts<Gate::RowPart>;
  using CommonPart = SlotParts<Gate::CommonPart>;
  SlotGates(MasterPart& master, PerRow<RowPart> rows, CommonPart& common);

  Gate all;
  Gate senders;  // requests with a body that the client is still sending
  Gate readers;  // those with a response that the client takes more slowly than the backend sends

  void set_limit(std::uint32_t limit);  // 0 = no limit; by the master, at start and reload
  void release_row(Row row);
  std::uint64_t mend();  // by the master: how many of them had to be mended (gate.h)
};

// Half of the slots, which a kind of requests or a client may hold while others wait; at least one.
inline constexpr std::uint32_t half_of(std::uint32_t slots) { return std::max(slots / 2, 1U); }

}  // namespace shm
