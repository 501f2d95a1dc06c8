// What the workers tell about their connections to the session store.
//
// Each worker has one connection, and writes only to its own row. Counts are never set back
// (counter_grid.h). All bytes 0 is a valid state: no store.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shm/counter_grid.h"
#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/per_row.h"

namespace shm {

// A worker's connection to the store.
enum class StoreLink : std::uint32_t {
  none,        // no store is configured, or the row has no worker
  connecting,  // since the start of the worker
  ready,
  refusing,  // it answers, but does not store what is written: it may be full
  late,      // connected, but answers take longer than TimeOut
  down,
};
inline constexpr std::size_t kStoreLinks = 6;

std::string_view to_text(StoreLink link);

enum class StoreCount : std::uint32_t {
  asked,    // look-ups of sessions that this machine did not know
  found,    // of these, those that the store knew
  written,  // bindings, refreshes and deletions that were sent
  late,     // look-ups and bindings that were not answered within TimeOut
  refused,  // answers that were errors, or not those that were asked for
  skipped,  // look-ups and writes that were not sent: the store was down, late, or too much waited
};
inline constexpr std::uint32_t kStoreCounts = 6;

class StoreState {
 public:
  using Counts = CounterGrid<1, kStoreCounts>;
  struct MasterPart {
    Counts::MasterPart counts;
  };
  struct RowPart {
    std::atomic<StoreLink> link{StoreLink::none};
    Counts::RowPart counts;
  };
  struct CommonPart {
    Counts::CommonPart bound;
    std::atomic<std::uint64_t> told{0};
  };

  StoreState(MasterPart& master, PerRow<RowPart> rows, CommonPart& common)
      : rows_(rows),
        common_(common),
        counts_(master.counts, rows.at(&rows[0].counts), common.bound) {}

  void count(Row row, StoreCount what) { counts_.count(0, row, static_cast<std::uint32_t>(what)); }
  // By StoreCount.
  Counts::Sums sums() const { return counts_.sums(0); }

  void set_link(Row row, StoreLink link) { rows_[row].link.store(link, std::memory_order_relaxed); }
  // A worker may write any value there: one that is no StoreLink is `none`.
  StoreLink link(Row row) const {
    const StoreLink link = rows_[row].link.load(std::memory_order_relaxed);
    return link <= StoreLink::down ? link : StoreLink::none;
  }
  // All workers see the same store, and one line of the log for each change is enough. Whether
  // `news`, a number that stands for a line, is not what the log was told last; now it is told.
  bool tell(std::uint64_t news) {
    return common_.told.exchange(news, std::memory_order_relaxed) != news;
  }
  void release_row(Row row) { set_link(row, StoreLink::none); }

 private:
  PerRow<RowPart> rows_;
  CommonPart& common_;
  Counts counts_;
};

static_assert(kFitForSegment<StoreState::RowPart>);

}  // namespace shm
