// Backends as all processes see them: live or dead, requests in flight, counters.
//
// A view, private to a process, of fixed rows in the segment. The master alone adds and retires
// rows, at start and at reload, before it forks the workers that use them; workers know a backend
// by its row. Whether a backend is live is one atomic word, so no reader sees half a change. The
// caller that changes it is told so and logs it. The same holds for the addresses of a backend that
// do not answer. Each counter cell has one writer, the process of its row; readers add the cells
// up. The counts of a dead process stay. Times are CLOCK_MONOTONIC milliseconds.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "shm/admin_states.h"
#include "shm/backend_checks.h"
#include "shm/backend_counters.h"
#include "shm/ejections.h"
#include "shm/id_registry.h"
#include "shm/ids.h"
#include "shm/latency.h"
#include "shm/layout.h"
#include "shm/slot_gates.h"
#include "shm/sparse_grid.h"

namespace shm {

enum class DeadReason : std::uint8_t {
  none,
  refused,
  timeout,
  reset,
  unreachable,
  dns,
  other,
  check,  // it has failed its active check
};
std::string_view to_text(DeadReason reason);

struct Liveness {
  bool live = true;
  DeadReason reason = DeadReason::none;
  std::uint64_t since_ms = 0;
  bool came_back = false;  // live, and was dead before
};

// How a backend stands with the balancer.
//
//   dead ──► warming ──► live ◄──► ejected ──► warming
//
// Without `Warmup` nothing is warming.
enum class Standing : std::uint8_t { live, warming, ejected, dead };
std::string_view to_text(Standing standing);

inline constexpr unsigned kFullShare = 256;
inline constexpr unsigned kFirstShare = kFullShare / 16;  // of a backend that begins to warm up

// What the configuration says about backends that are not always in use.
struct Recovery {
  std::uint64_t warmup_ms = 0;  // `Warmup`
  bool is_checked = false;      // has `Check`
  bool may_be_ejected = false;  // has `Eject`
};

struct Fitness {
  Standing standing = Standing::live;
  unsigned share = kFullShare;  // of its weight: 0..kFullShare
};

// A hash that identifies an address in all generations, although their lists may differ. Never 0.
using AddressKey = std::uint64_t;

// Addresses of one backend that do not answer and are remembered: as many as a backend has. Those
// that are beyond, because two generations have different lists, are forgotten.
inline constexpr std::size_t kMaxSilentAddresses = 32;

// The first probe of what has failed is due after this time, each further one after twice the time
// before it, up to the caller's period.
inline constexpr std::uint64_t kFirstProbeMs = 1000;

// After a backend was suspected, the next suspicion is not followed up for this time.
inline constexpr std::uint64_t kSuspicionMs = 1000;

// Resolution of last_heard_ms.
inline constexpr std::uint64_t kHeardStepMs = 50;

// An address that does not answer; 0 = none. A change of the key precedes that of the schedule: the
// worst that a reader of both sees is a probe too early or too late.
struct SilentAddress {
  std::atomic<AddressKey> key;
  std::atomic<std::uint64_t> probes;
};

class BackendTable {
 public:
  using Cells = SparseGrid<kMaxBackends, BackendCells>;
  using ResponseTimes = SparseGrid<kMaxBackends, LatencyCells>;
  struct MasterPart {
    IdRegistry<kMaxBackends> ids;
    SlotGates::MasterPart slots[kMaxBackends];
    std::atomic<std::uint64_t> warmup_ms[kMaxBackends]{};
    AdminStates::Rows<kMaxBackends> admin;
  };
  struct RowPart {
    SlotGates::RowPart slots[kMaxBackends];
    Cells::RowPart cells;
    ResponseTimes::RowPart response_times;
  };
  struct CommonPart {
    // Side by side, eight to a cache line, because the balancer reads them for each request.
    alignas(kCacheLine) std::atomic<std::uint64_t> liveness[kMaxBackends]{};
    std::atomic<std::uint64_t> probes[kMaxBackends]{};  // schedules: see backend_table.cc
    std::atomic<std::uint64_t> heard_ms[kMaxBackends]{};
    SilentAddress silent[kMaxBackends][kMaxSilentAddresses]{};
    BackendChecks::CommonPart checks;
    Ejections::CommonPart ejections;
    Cells::CommonPart cells;
    ResponseTimes::CommonPart response_times;
    SlotGates::CommonPart slots[kMaxBackends];
  };
  BackendTable(MasterPart& master, PerRow<RowPart> rows, CommonPart& common);

  // The row of `id`, with its liveness, counters and limit as they are; for a new id a free row,
  // live, with counters at 0 and with `limit`. Nothing when all kMaxBackends rows are in use.
  std::optional<std::uint32_t> enroll(BackendId id, std::uint32_t limit, std::uint64_t now_ms);
  // Call this when the last process that knows the row is gone. Another id gets the row only when
  // no request is in service or waits there, and only when no unused row is left.
  void retire(std::uint32_t index);

  std::uint32_t size() const;  // 1 + the highest row ever enrolled
  bool enrolled(std::uint32_t index) const;

  SlotGates slots(std::uint32_t index) const;  // of `Threads`
  Gate gate(std::uint32_t index) const;        // of all its requests in service
  Liveness liveness(std::uint32_t index) const;
  bool is_live(std::uint32_t index) const;
  // True for the one caller that changed the state. Otherwise the first reason and time stay.
  bool mark_dead(std::uint32_t index, DeadReason reason, std::uint64_t now_ms);
  bool mark_live(std::uint32_t index, std::uint64_t now_ms);

  // By the master, at start and at reload. Forgets results of checks and errors that do not count
  // any more.
  void set_recovery(std::uint32_t index, const Recovery& recovery);
  Fitness fitness(std::uint32_t index, std::uint64_t now_ms) const;
  BackendChecks& checks() { return checks_; }
  const BackendChecks& checks() const { return checks_; }
  Ejections& ejections() { return ejections_; }
  const Ejections& ejections() const { return ejections_; }
  AdminStates& admin() { return admin_; }
  const AdminStates& admin() const { return admin_; }

  // Claims the next probe of a dead backend, which is due kFirstProbeMs after its death, then after
  // twice that time, and so on, at most `period_ms` after the last claim. True for the one caller
  // that must make the probe.
  bool claim_probe(std::uint32_t index, std::uint64_t now_ms, std::uint64_t period_ms);
  // Makes the next probe of a dead backend due: there is a new reason to expect that it answers.
  void expedite_probe(std::uint32_t index);
  // Claims the probe of a live backend that may be dead. True for the one caller that must make it.
  // False when the backend is dead, or was probed less than kSuspicionMs ago.
  bool claim_suspicion(std::uint32_t index, std::uint64_t now_ms);
  std::uint64_t last_probe_ms(std::uint32_t index) const;  // 0 = never

  // Notes that an address of the backend does not answer, or answers again. True for the one caller
  // that changed this. A silent address is not noted when kMaxSilentAddresses are.
  bool mark_silent(std::uint32_t index, AddressKey address, std::uint64_t now_ms);
  bool mark_answering(std::uint32_t index, AddressKey address);
  bool is_silent(std::uint32_t index, AddressKey address) const;
  // Which of `addresses`, at most 32, are silent: bit i for the i-th.
  std::uint32_t silent_among(std::uint32_t index, std::span<const AddressKey> addresses) const;
  // Forgets silent addresses that are not among `addresses`, because the backend no longer has
  // them.
  void forget_silent(std::uint32_t index, std::span<const AddressKey> addresses);
  // As claim_probe, for an address that is silent.
  bool claim_address_probe(std::uint32_t index, AddressKey address, std::uint64_t now_ms,
                           std::uint64_t period_ms);

  // When the backend last sent any byte, to within kHeardStepMs; 0 = never. Workers write this at
  // most once in that time, so that the cache line stays shared between them.
  void note_heard(std::uint32_t index, std::uint64_t now_ms);
  std::uint64_t last_heard_ms(std::uint32_t index) const;

  void count_request(std::uint32_t index, Row row);
  void count_failure(std::uint32_t index, Row row, BackendFailure why);
  // `us`: from the moment the request was sent to the response head.
  void count_response(std::uint32_t index, Row row, int status, std::uint64_t us);
  // For the process of `row`, to count what else happens.
  BackendCells& cells(std::uint32_t index, Row row) { return cells_.take(index, row); }
  BackendCounters counters(std::uint32_t index) const;  // of all processes, dead ones included
  LatencySums response_times(std::uint32_t index) const;

  // By the master, after the process of `row` died: frees its slots and its tickets.
  void release_row(Row row);
  // By the master: sets values of the common part right that no worker can have meant (times to
  // come, endless tickets), and returns their number. Lets dead backends be probed at once, because
  // the word that calls them dead may be a lie.
  std::uint64_t mend(std::uint64_t now_ms);

 private:
  std::uint64_t mend_times(std::uint32_t index, std::uint64_t now_ms);

  MasterPart& master_;
  PerRow<RowPart> rows_;
  CommonPart& common_;
  Cells cells_;
  ResponseTimes response_times_;
  BackendChecks checks_;
  Ejections ejections_;
  AdminStates admin_;
};

static_assert(kFitForSegment<BackendTable::MasterPart>);
static_assert(kFitForSegment<BackendTable::RowPart> && kFitForSegment<BackendTable::CommonPart>);

}  // namespace shm
