// Services as all processes see them: their ids, whether they are disabled, counters.
//
// A view of fixed rows in the segment; the rules are those of backend_table.h. A service keeps its
// row over reloads, and its sessions carry the row as their tag (session_table.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "shm/admin_states.h"
#include "shm/counter_grid.h"
#include "shm/id_registry.h"
#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/response_cells.h"
#include "shm/sparse_grid.h"

namespace shm {

class ServiceTable {
 public:
  using Counters = CounterGrid<kMaxServices, 4>;
  using Responses = SparseGrid<kMaxServices, ResponseCells>;
  struct MasterPart {
    IdRegistry<kMaxServices> ids;
    Counters::MasterPart counters;
    AdminStates::Rows<kMaxServices> admin;
  };
  struct RowPart {
    Counters::RowPart counters;
    Responses::RowPart responses;
  };
  struct CommonPart {
    Counters::CommonPart counters;
    Responses::CommonPart responses;
    std::atomic<std::uint64_t> retry_budgets[kMaxServices]{};  // see retry_budget.h
  };
  ServiceTable(MasterPart& master, PerRow<RowPart> rows, CommonPart& common)
      : ids_(master.ids),
        counters_(master.counters, rows.at(&rows[0].counters), common.counters),
        responses_(rows.at(&rows[0].responses), common.responses),
        admin_(master.admin, AdminState::disabled),
        retry_budgets_(common.retry_budgets) {}

  // The rows of all `ids`, which must differ from each other. Nothing, and no change, when there
  // are not enough free rows. One call for all ids, because there may be thousands.
  std::optional<std::vector<std::uint32_t>> enroll(const std::vector<ServiceId>& ids);
  // Call this when the last process that knows the row is gone.
  void retire(std::uint32_t index);
  std::uint32_t size() const;  // 1 + the highest row ever enrolled
  bool enrolled(std::uint32_t index) const;
  ServiceId id_of(std::uint32_t index) const { return ids_.id_of(index); }
  AdminStates& admin() { return admin_; }
  const AdminStates& admin() const { return admin_; }
  void count_request(std::uint32_t index, Row row);
  std::uint64_t requests(std::uint32_t index) const;
  // For the process of `row`, to count in.
  ResponseCells& response_cells(std::uint32_t index, Row row) {
    return responses_.take(index, row);
  }
  ResponseSums responses(std::uint32_t index) const;  // of all processes, dead ones included
  // Of requests without a session, where such requests wait behind others.
  void count_stranger(std::uint32_t index, Row row);
  std::uint64_t strangers(std::uint32_t index) const;
  // Whether a request of the service may go to one more backend, for which the budget of all
  // workers pays. Counts either outcome.
  bool take_retry(std::uint32_t index, Row row);
  std::uint64_t retries(std::uint32_t index) const;
  std::uint64_t retries_refused(std::uint32_t index) const;

 private:
  IdRegistry<kMaxServices>& ids_;
  Counters counters_;
  Responses responses_;
  AdminStates admin_;
  std::atomic<std::uint64_t>* retry_budgets_;  // kMaxServices of them
};

static_assert(kFitForSegment<ServiceTable::MasterPart>);
static_assert(kFitForSegment<ServiceTable::RowPart> && kFitForSegment<ServiceTable::CommonPart>);

}  // namespace shm
