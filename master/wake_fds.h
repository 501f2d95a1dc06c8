// The pairs of sockets by which processes wake each other: the doorbell of the master (a log ring
// has a record) and one for each row (a slot that a request there waits for is free, or clients
// wait).
//
// Owns the descriptors. Workers inherit the ends that wake, since workers also wake each other, and
// the other end of their own row. A reload that needs more rows adds pairs. Workers that started
// before do not have those and cannot notify the new rows, so a worker with waiting requests also
// looks every few milliseconds. No call here blocks, whatever a worker does to a socket.
#pragma once

#include <vector>

#include "shm/ids.h"
#include "worker/net/wake.h"

namespace master {

// The number of rows for a generation of `workers` beside `others` that are alive. Leaves room for
// one more generation and for dead processes that are not reaped yet; at most shm::kMaxRows.
shm::Row rows_needed(unsigned workers, std::size_t others = 0);

class WakeFds {
 public:
  explicit WakeFds(shm::Row rows);  // throws StartError
  void grow(shm::Row rows);         // to at least this number; throws StartError

  int doorbell() const { return doorbell_.sleeper.get(); }  // readable after a ring
  int doorbell_button() const { return doorbell_.waker.get(); }
  void clear_doorbell();
  void notify(shm::Row row) const;  // no effect on a row without a pair
  shm::Row rows() const { return static_cast<shm::Row>(pairs_.size()); }
  std::vector<int> wakers() const;    // by row
  std::vector<int> sleepers() const;  // by row

  // Before a process gets the row: replaces a pair that no longer works, because an earlier process
  // of the row may have broken it. Processes that live already keep the broken one, and cannot
  // notify this row. The numbers of the descriptors stay. Throws StartError.
  void mend(shm::Row row);

 private:
  worker::net::WakePair doorbell_;
  std::vector<worker::net::WakePair> pairs_;  // by row
};

}  // namespace master
