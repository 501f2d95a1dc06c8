// The eventfds by which processes wake each other: the doorbell of the master (a log ring has a
// record) and one for each row (a slot that a request there waits for is free, or clients wait).
//
// Owns the descriptors. Workers inherit them at their start, since workers also wake each other. A
// reload that needs more rows adds descriptors. Workers that started before do not have those and
// cannot notify the new rows, so a worker with waiting requests also looks every few milliseconds.
#pragma once

#include <vector>

#include "shm/ids.h"
#include "worker/net/unique_fd.h"

namespace master {

// The number of rows for a generation of `workers` beside `others` that are alive. Leaves room for
// one more generation and for dead processes that are not reaped yet; at most shm::kMaxRows.
shm::Row rows_needed(unsigned workers, std::size_t others = 0);

class WakeFds {
 public:
  explicit WakeFds(shm::Row rows);  // throws StartError
  void grow(shm::Row rows);         // to at least this number; throws StartError

  int doorbell() const { return doorbell_.get(); }
  void clear_doorbell();
  void notify(shm::Row row) const;  // no effect on a row without a descriptor
  shm::Row rows() const { return static_cast<shm::Row>(fds_.size()); }
  std::vector<int> by_row() const;

 private:
  worker::net::UniqueFd doorbell_;
  std::vector<worker::net::UniqueFd> fds_;  // by row
};

}  // namespace master
