// Limits on clients as all processes see them: their ids and counters, and the clients that exceed
// them most. The state of each client is in rate_table.h and client_connections.h.
//
// A view of fixed rows in the segment; the rules are those of backend_table.h. A limit keeps its
// row over reloads, even if its rate changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/counter_grid.h"
#include "shm/id_registry.h"
#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/top_clients.h"

namespace shm {

enum class LimitField : std::uint8_t {
  passed,            // requests
  over,              // requests over the rate, refused or only observed
  connections_over,  // likewise connections
  evicted,           // entries of clients that had to make room in the table of rates
};
inline constexpr std::uint32_t kLimitFields = 4;

struct LimitCounters {
  std::uint64_t passed = 0;
  std::uint64_t over = 0;
  std::uint64_t connections_over = 0;
  std::uint64_t evicted = 0;
};

class LimitTable {
 public:
  using Counters = CounterGrid<kMaxLimits, kLimitFields>;
  struct MasterPart {
    IdRegistry<kMaxLimits> ids;
    Counters::MasterPart counters;
  };
  struct RowPart {
    Counters::RowPart counters;
    TopClients::RowPart top;
  };
  struct CommonPart {
    Counters::CommonPart counters;
    TopClients::CommonPart top;
  };
  LimitTable(MasterPart& master, PerRow<RowPart> rows, CommonPart& common)
      : ids_(master.ids),
        counters_(master.counters, rows.at(&rows[0].counters), common.counters),
        top_(rows.at(&rows[0].top), common.top) {}

  std::optional<std::uint32_t> enroll(LimitId id);
  // Call this when the last process that knows the row is gone.
  void retire(std::uint32_t index) { ids_.retire(index); }
  std::uint32_t size() const { return ids_.size(); }  // 1 + the highest row ever enrolled
  bool enrolled(std::uint32_t index) const { return ids_.enrolled(index); }
  void count(std::uint32_t index, Row row, LimitField field) {
    counters_.count(index, row, static_cast<std::uint32_t>(field));
  }
  LimitCounters counters(std::uint32_t index) const;
  TopClients& top() { return top_; }

 private:
  IdRegistry<kMaxLimits>& ids_;
  Counters counters_;
  TopClients top_;
};

static_assert(kFitForSegment<LimitTable::MasterPart>);
static_assert(kFitForSegment<LimitTable::RowPart> && kFitForSegment<LimitTable::CommonPart>);

}  // namespace shm
