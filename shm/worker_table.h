// One row for each live worker process: its identity, its state, its gauges.
//
// A view, private to a process; the parts lie in the segment. The master takes and frees rows
// (before fork, after wait), so taking one needs no lock, and the master alone writes the identity
// and the state. A process writes only the gauges of its own row. What it does is one word, which
// it stores before each step that may take long. The watchdog reads that word when the process no
// longer answers.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/ids.h"
#include "shm/layout.h"
#include "shm/per_row.h"

namespace shm {

enum class WorkerState : std::uint32_t { free, starting, ready, draining };
std::string_view to_text(WorkerState state);

// In the order of a request's path.
enum class Activity : std::uint8_t {
  starting,
  waiting,  // for events
  accepting,
  read_head,
  sanitize,
  route,
  permit,
  authenticate,
  serve,    // an answer of Pound's own
  collect,  // the body, before a slot is asked for
  recall,   // a session that another machine may know
  admit,
  pick_backend,
  claim,  // a session for all machines
  connect,
  secure,  // TLS with the backend
  send_head,
  relay,
  tunnel,
  finish,
  tick,
  probe,
  drain,
};
std::string_view to_text(Activity activity);

struct Doing {
  Activity activity = Activity::starting;
  std::optional<std::uint32_t> listener;  // row of ListenerTable, below kMaxListeners
  std::optional<std::uint32_t> service;   // row of ServiceTable, below kMaxServices
};

// As one word: activity | (1 + listener) << 8 | (1 + service) << 24. unpack() leaves out rows that
// do not exist.
inline constexpr int kDoingListenerShift = 8;
inline constexpr int kDoingServiceShift = 24;
inline std::uint64_t pack(const Doing& doing) {
  const std::uint64_t listener = doing.listener ? std::uint64_t{*doing.listener} + 1 : 0;
  const std::uint64_t service = doing.service ? std::uint64_t{*doing.service} + 1 : 0;
  return static_cast<std::uint64_t>(doing.activity) | (listener << kDoingListenerShift) |
         (service << kDoingServiceShift);
}
Doing unpack(std::uint64_t word);

struct WorkerInfo {
  WorkerState state = WorkerState::free;
  std::int32_t pid = 0;
  Slot slot = 0;
  Generation generation = 0;
  std::uint64_t heartbeat_ms = 0;  // CLOCK_MONOTONIC at the last turn of its loop
  std::uint64_t requests = 0;
  std::uint32_t clients = 0;
  std::uint32_t restarts = 0;  // in this slot, after a process of the same generation died
  Doing doing;
  std::optional<std::uint32_t> refused_call;  // the system call that ended the process; untrusted
  std::uint64_t buffered = 0;                 // bytes of buffer memory that are reserved
  std::uint64_t buffer_memory = 0;            // bytes that there are (`BufferMemory`)
};

class WorkerTable {
 public:
  struct Identity {
    std::atomic<WorkerState> state{WorkerState::free};
    std::atomic<std::int32_t> pid{0};
    std::atomic<Slot> slot{0};
    std::atomic<Generation> generation{0};
    std::atomic<std::uint64_t> requests_before{0};  // of the processes before the present one
  };
  struct Births {
    std::atomic<Generation> generation;
    std::atomic<std::uint32_t> restarts;
  };
  struct MasterPart {
    std::atomic<Row> in_use{0};
    std::atomic<Row> ever{0};    // 1 + the highest row that was ever taken
    Births births[kMaxWorkers];  // by slot
    std::atomic<std::uint64_t> log_losses{0};
    Identity rows[kMaxRows];
  };
  // On a cache line of its own, because each request writes to it.
  struct alignas(kCacheLine) RowPart {
    std::atomic<std::uint64_t> heartbeat_ms{0};
    std::atomic<std::uint64_t> requests{
        0};  // of all processes that the row ever had; never set back
    std::atomic<std::uint32_t> clients{0};
    std::atomic<std::uint32_t> refused_call{0};  // 1 + its number; 0: none
    std::atomic<std::uint64_t> doing{0};
    std::atomic<std::uint64_t> buffered{0};
    std::atomic<std::uint64_t> buffer_memory{0};
  };
  struct CommonPart {
    std::atomic<std::uint64_t> invitations[kMaxRows]{};
  };
  WorkerTable(MasterPart& master, PerRow<RowPart> gauges, CommonPart& common)
      : master_(master), gauges_(gauges), common_(common) {}

  std::optional<Row> take(Slot slot, Generation generation);  // the lowest free row; by the master
  void set_pid(Row row, std::int32_t pid);                    // after fork, by the master
  void free(Row row);
  std::uint32_t rows_in_use() const;           // 1 + the highest row that is taken: where scans end
  void set_state(Row row, WorkerState state);  // by the master

  void beat(Row row, std::uint64_t now_ms);
  void set_clients(Row row, std::uint32_t clients);
  void set_buffered(Row row, std::uint64_t bytes, std::uint64_t most);
  void count_request(Row row);
  // Gets 1 + the number of a refused system call, from a signal handler of the process.
  std::atomic<std::uint32_t>& refused_call(Row row) { return gauges_[row].refused_call; }
  // Inline, because each request calls it several times.
  void note(Row row, const Doing& doing) {
    gauges_[row].doing.store(pack(doing), std::memory_order_relaxed);
  }
  WorkerInfo info(Row row) const;
  // `invite` asks the process of `row` to look at the listening sockets of `slot`. That process
  // takes all invitations since its last call; bit n is slot n.
  void invite(Row row, Slot slot);
  std::uint64_t take_invitations(Row row);
  // Successors of dead processes that the slot has had, over all generations; nothing for a slot
  // that never had a process.
  std::optional<std::uint64_t> restarts(Slot slot) const;
  // Log records that were lost, since the start; by the master.
  void set_log_losses(std::uint64_t records);
  std::uint64_t log_losses() const;
  std::uint64_t total_requests() const;  // of all processes, ended ones included

 private:
  Row rows_ever() const;

  MasterPart& master_;
  PerRow<RowPart> gauges_;
  CommonPart& common_;
};

static_assert(kFitForSegment<WorkerTable::MasterPart> && kFitForSegment<WorkerTable::CommonPart>);
static_assert(kFitForSegment<WorkerTable::RowPart> && sizeof(WorkerTable::RowPart) == kCacheLine);
static_assert(kMaxWorkers <= 64);  // a bit for each slot

}  // namespace shm
