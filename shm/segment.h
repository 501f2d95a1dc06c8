// The one shared segment: all tables, in anonymous memory that is mapped before the first fork.
//
// Owns the mapping; lives as long as the master. Layout is fixed, without pointers, checked by
// static_assert and by magic, version and size at run time. Pages are touched only as they are
// used. The only user of Boost.Interprocess (segment.cc).
#pragma once

#include <cstdint>
#include <memory>

#include "shm/backend_table.h"
#include "shm/listener_table.h"
#include "shm/log_ring.h"
#include "shm/service_table.h"
#include "shm/session_table.h"
#include "shm/ticket_keys.h"
#include "shm/worker_table.h"

namespace shm {

class Segment {
 public:
  // Throws std::runtime_error with the system's reason when it cannot be mapped.
  explicit Segment(std::uint32_t max_sessions = kDefaultMaxSessions);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  BackendTable& backends();
  ListenerTable& listeners();
  ServiceTable& services();
  WorkerTable& workers();
  LogRing& log_ring(Row row);
  SessionTable& sessions();
  TicketKeys& ticket_keys();
  std::uint32_t max_sessions() const;  // as it was asked for

  // Magic, version and size are as they were made: nobody has scribbled over the beginning.
  bool intact() const;

  // All that a dead process left behind: slots in service, published tickets, counters, its row.
  // By the master, after wait(2) and after its log ring was drained; it then rings every row, as
  // the dead one may have owed a wake-up (gate.h). Locks that it held recover by themselves.
  void release_row(Row row);

 private:
  struct Layout;
  class Mapping;
  std::unique_ptr<Mapping> mapping_;
  Layout& layout() const;
};

}  // namespace shm
