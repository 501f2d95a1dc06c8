// Listeners as all processes see them: requests in service and counters.
//
// Fixed rows in the segment, enrolled by the master alone. Rules as in backend_table.h.
#pragma once

#include <cstdint>
#include <optional>

#include "shm/counter_grid.h"
#include "shm/gate.h"
#include "shm/id_registry.h"
#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

class ListenerTable {
 public:
  std::optional<std::uint32_t> enroll(ListenerId id, std::uint32_t limit);
  void retire(std::uint32_t index);
  std::uint32_t size() const;  // 1 + the highest index ever enrolled
  bool enrolled(std::uint32_t index) const;
  Gate& gate(std::uint32_t index);
  const Gate& gate(std::uint32_t index) const;
  void count_request(std::uint32_t index, Row row);
  std::uint64_t requests(std::uint32_t index) const;
  void release_row(Row row);

 private:
  IdRegistry<kMaxListeners> ids_;
  CounterGrid<kMaxListeners, 1> counters_;
  Gate gates_[kMaxListeners];
};

static_assert(kFitForSegment<ListenerTable>);

}  // namespace shm
