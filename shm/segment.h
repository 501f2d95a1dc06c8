// The one shared segment: all tables, in memory that the master maps before the first fork.
//
// Owns the memory, and the tables, which are views of it; lives as long as the master. Its layout
// is fixed and has no pointers; static_assert checks it, and magic, version and size check it at
// run time. Pages are touched only when they are used. Memory is split by its writer (layout.h),
// and a worker gives up the right to write what is not its own before anything from outside can
// reach it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "shm/attempts.h"
#include "shm/backend_addresses.h"
#include "shm/backend_table.h"
#include "shm/client_connections.h"
#include "shm/client_shares.h"
#include "shm/limit_table.h"
#include "shm/listener_table.h"
#include "shm/log_ring.h"
#include "shm/rate_table.h"
#include "shm/remembered.h"
#include "shm/service_table.h"
#include "shm/session_table.h"
#include "shm/standby.h"
#include "shm/store_orders.h"
#include "shm/store_state.h"
#include "shm/ticket_keys.h"
#include "shm/top_clients.h"
#include "shm/worker_table.h"

namespace shm {

// What the administrator chooses; fixed at the start.
struct SegmentSize {
  std::uint32_t max_sessions = kDefaultMaxSessions;
  std::uint32_t max_limits = kDefaultMaxLimits;  // clients in the table of rates
};

class Segment {
 public:
  // Throws std::runtime_error with the system's reason when the memory cannot be mapped.
  explicit Segment(SegmentSize size);
  explicit Segment(std::uint32_t max_sessions = kDefaultMaxSessions);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  BackendTable& backends();
  BackendAddresses& backend_addresses();  // written by the master alone
  ListenerTable& listeners();
  ServiceTable& services();
  ClientShares& client_shares();
  LimitTable& limits();
  TopClients& busy_clients();  // a sample of requests: worker/transaction/client_sample.h
  ClientConnections& client_connections();
  RateTable& rates();
  WorkerTable& workers();
  LogRing& log_ring(Row row);
  SessionTable& sessions();
  Standby& standby();  // written by the master alone
  StoreState& store();
  StoreOrders& store_orders();  // written by the master alone
  TicketKeys& ticket_keys();
  Attempts& attempts();
  AuthMemory& auth();  // written by the process that checks passwords alone
  // How much detail all processes log: -d. Written by the master alone, at any time.
  std::atomic<std::uint32_t>& log_detail();
  std::uint32_t max_sessions() const;  // as the constructor got it
  std::uint32_t max_limits() const;    // likewise

  // In a worker, before it drops its privileges: from now on it can write its own row and the
  // common part only, and nothing gives it more. With kNoRow, for a process that is no worker, it
  // can write nothing, and with kHelperRow auth() only. Throws std::runtime_error.
  void confine(Row own);
  // False where the kernel is too old to make that final (section_map.h).
  bool is_sealed() const;

  // The memory that the process of `row` may write: its own row and the common part. For tests,
  // which write there what an attacker would.
  std::array<std::span<std::byte>, 2> writable(Row row);

  // Whether magic, version and size are unchanged, so that no process has overwritten the
  // beginning.
  bool intact() const;

  // Frees what a dead process held: its slots in service, its published tickets and its row. By the
  // master, after wait(2) and after it drained the log ring. The master must then wake every row,
  // because the dead process may have owed a wake-up (gate.h). Locks that it held recover by
  // themselves; its counts stay.
  void release_row(Row row);

  // By the master, after a process died violently: sets impossible values of the common part right,
  // lets dead backends be probed at once, and returns the number of such values. The tables of
  // sessions and rates have inspections of their own.
  std::uint64_t mend_common(std::uint64_t now_ms);

 private:
  class Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace shm
