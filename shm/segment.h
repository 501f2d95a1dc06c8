// The one shared segment: all tables, in anonymous memory that the master maps before the first
// fork.
//
// Owns the mapping and lives as long as the master. Its layout is fixed and has no pointers;
// static_assert checks it, and magic, version and size check it at run time. Pages are touched only
// when they are used. The only user of Boost.Interprocess (segment.cc).
#pragma once

#include <cstdint>
#include <memory>

#include "shm/backend_addresses.h"
#include "shm/backend_table.h"
#include "shm/client_shares.h"
#include "shm/listener_table.h"
#include "shm/log_ring.h"
#include "shm/service_table.h"
#include "shm/session_table.h"
#include "shm/ticket_keys.h"
#include "shm/worker_table.h"

namespace shm {

class Segment {
 public:
  // Throws std::runtime_error with the system's reason when the memory cannot be mapped.
  explicit Segment(std::uint32_t max_sessions = kDefaultMaxSessions);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  BackendTable& backends();
  BackendAddresses& backend_addresses();
  ListenerTable& listeners();
  ServiceTable& services();
  ClientShares& client_shares();
  WorkerTable& workers();
  LogRing& log_ring(Row row);
  SessionTable& sessions();
  TicketKeys& ticket_keys();
  std::uint32_t max_sessions() const;  // as the constructor got it

  // Whether magic, version and size are unchanged, so that no process has overwritten the
  // beginning.
  bool intact() const;

  // Frees what a dead process held: its slots in service, its published tickets and its row. By the
  // master, after wait(2) and after it drained the log ring. The master must then wake every row,
  // because the dead process may have owed a wake-up (gate.h). Locks that it held recover by
  // themselves; its counts stay.
  void release_row(Row row);

 private:
  struct Layout;
  class Mapping;
  std::unique_ptr<Mapping> mapping_;
  Layout& layout() const;
};

}  // namespace shm
