// The eventfds by which processes wake each other: the doorbell of the master (a log ring has a
// record) and one for each row (a slot that a request there waits for is free).
//
// Owns the descriptors; all are made before the first fork, because workers ring each other.
#pragma once

#include <vector>

#include "shm/ids.h"
#include "worker/unique_fd.h"

namespace master {

// Rows that `workers` in one generation can need: two generations side by side, and each of them
// with processes that are not reaped yet; at most shm::kMaxRows.
shm::Row rows_needed(unsigned workers);

class Bells {
 public:
  explicit Bells(shm::Row rows);  // throws StartError

  int doorbell() const { return doorbell_.get(); }
  void silence_doorbell();
  void ring(shm::Row row) const;
  shm::Row rows() const { return static_cast<shm::Row>(wakes_.size()); }
  std::vector<int> wake_fds() const;  // by row

 private:
  worker::UniqueFd doorbell_;
  std::vector<worker::UniqueFd> wakes_;
};

}  // namespace master
