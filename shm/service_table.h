// Services as all processes see them: their ids and counters.
//
// Fixed rows in the segment; the rules are those of backend_table.h. A service keeps its row over
// reloads, and its sessions carry the row as their tag (session_table.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "shm/counter_grid.h"
#include "shm/id_registry.h"
#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

class ServiceTable {
 public:
  // The rows of all `ids`, which must differ from each other. Nothing, and no change, when there
  // are not enough free rows. One call for all ids, because there may be thousands.
  std::optional<std::vector<std::uint32_t>> enroll(const std::vector<ServiceId>& ids);
  // Call this when the last process that knows the row is gone.
  void retire(std::uint32_t index);
  std::uint32_t size() const;  // 1 + the highest row ever enrolled
  bool enrolled(std::uint32_t index) const;
  void count_request(std::uint32_t index, Row row);
  std::uint64_t requests(std::uint32_t index) const;

 private:
  IdRegistry<kMaxServices> ids_;
  CounterGrid<kMaxServices, 1> counters_;
};

static_assert(kFitForSegment<ServiceTable>);

}  // namespace shm
