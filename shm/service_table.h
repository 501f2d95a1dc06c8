// Services as all processes see them: their ids and counters.
//
// A view of fixed rows in the segment; the rules are those of backend_table.h. A service keeps its
// row over reloads, and its sessions carry the row as their tag (session_table.h).
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
  using Counters = CounterGrid<kMaxServices, 2>;
  struct MasterPart {
    IdRegistry<kMaxServices> ids;
    Counters::MasterPart counters;
  };
  struct RowPart {
    Counters::RowPart counters;
  };
  struct CommonPart {
    Counters::CommonPart counters;
  };
  ServiceTable(MasterPart& master, PerRow<RowPart> rows, CommonPart& common)
      : ids_(master.ids), counters_(master.counters, rows.at(&rows[0].counters), common.counters) {}

  // The rows of all `ids`, which must differ from each other. Nothing, and no change, when there
  // are not enough free rows. One call for all ids, because there may be thousands.
  std::optional<std::vector<std::uint32_t>> enroll(const std::vector<ServiceId>& ids);
  // Call this when the last process that knows the row is gone.
  void retire(std::uint32_t index);
  std::uint32_t size() const;  // 1 + the highest row ever enrolled
  bool enrolled(std::uint32_t index) const;
  ServiceId id_of(std::uint32_t index) const { return ids_.id_of(index); }
  void count_request(std::uint32_t index, Row row);
  std::uint64_t requests(std::uint32_t index) const;
  // Of requests without a session, where such requests wait behind others.
  void count_stranger(std::uint32_t index, Row row);
  std::uint64_t strangers(std::uint32_t index) const;

 private:
  IdRegistry<kMaxServices>& ids_;
  Counters counters_;
};

static_assert(kFitForSegment<ServiceTable::MasterPart>);
static_assert(kFitForSegment<ServiceTable::RowPart> && kFitForSegment<ServiceTable::CommonPart>);

}  // namespace shm
