// The eventfds by which processes wake each other: the doorbell of the master (a log ring has a
// record) and one for each row (a slot that a request there waits for is free, or clients wait).
//
// Owns the descriptors. Workers inherit them, because they ring each other; more are made when a
// reload needs more rows, and those who were born before cannot ring them: who waits there looks
// by itself every few milliseconds.
#pragma once

#include <vector>

#include "shm/ids.h"
#include "worker/net/unique_fd.h"

namespace master {

// Rows that `workers` in one generation can need beside `others` that are alive: for a further
// generation, and for processes that are not reaped yet; at most shm::kMaxRows.
shm::Row rows_needed(unsigned workers, std::size_t others = 0);

class WakeFds {
 public:
  explicit WakeFds(shm::Row rows);  // throws StartError
  void grow(shm::Row rows);         // to at least so many; throws StartError

  int doorbell() const { return doorbell_.get(); }
  void clear_doorbell();
  void notify(shm::Row row) const;
  shm::Row rows() const { return static_cast<shm::Row>(wakes_.size()); }
  std::vector<int> by_row() const;  // by row

 private:
  worker::net::UniqueFd doorbell_;
  std::vector<worker::net::UniqueFd> wakes_;
};

}  // namespace master
