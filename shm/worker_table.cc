// Rows of live processes. The master takes and frees rows; each process writes its own gauges.
//
// The number of a row's requests is never set back. A process's own number is the difference from
// where it began, so the total needs no folding and cannot go down. No system call, no lock.
#include "shm/worker_table.h"

#include <algorithm>
#include <array>

namespace shm {

std::string_view to_text(WorkerState state) {
  switch (state) {
    case WorkerState::free:
      return "free";
    case WorkerState::starting:
      return "starting";
    case WorkerState::ready:
      return "ready";
    case WorkerState::draining:
      return "draining";
  }
  return "unknown";
}

std::string_view to_text(Activity activity) {
  static constexpr std::array<std::string_view, 17> kWords{
      "starting", "waiting", "accepting",    "read_head", "sanitize",  "route",
      "collect",  "admit",   "pick_backend", "connect",   "send_head", "relay",
      "tunnel",   "finish",  "tick",         "probe",     "drain"};
  const auto index = static_cast<std::size_t>(activity);
  return index < kWords.size() ? kWords[index] : "unknown";
}

namespace {

static_assert(kMaxListeners < 1U << (kDoingServiceShift - kDoingListenerShift));

std::optional<std::uint32_t> row_from(std::uint64_t number, std::uint32_t bound) {
  if (number == 0 || number > bound) return std::nullopt;
  return static_cast<std::uint32_t>(number - 1);
}

}  // namespace

Doing unpack(std::uint64_t word) {
  constexpr std::uint64_t kListenerMask = (1U << (kDoingServiceShift - kDoingListenerShift)) - 1;
  return {static_cast<Activity>(word & 0xff),
          row_from((word >> kDoingListenerShift) & kListenerMask, kMaxListeners),
          row_from(word >> kDoingServiceShift, kMaxServices)};
}

std::optional<Row> WorkerTable::take(Slot slot, Generation generation) {
  for (Row row = 0; row < kMaxRows; ++row) {
    Cells& cells = rows_[row];
    if (cells.state.load(std::memory_order_relaxed) != WorkerState::free) continue;
    cells.pid.store(0, std::memory_order_relaxed);
    cells.slot.store(slot, std::memory_order_relaxed);
    cells.generation.store(generation, std::memory_order_relaxed);
    cells.heartbeat_ms.store(0, std::memory_order_relaxed);
    cells.requests_before.store(cells.requests.load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
    cells.clients.store(0, std::memory_order_relaxed);
    cells.refused_call.store(0, std::memory_order_relaxed);
    cells.doing.store(0, std::memory_order_relaxed);
    cells.invitations.store(0, std::memory_order_relaxed);
    cells.state.store(WorkerState::starting, std::memory_order_release);
    ever_.store(std::max(rows_ever(), row + 1));
    in_use_.store(std::max(rows_in_use(), row + 1));
    return row;
  }
  return std::nullopt;
}

void WorkerTable::set_pid(Row row, std::int32_t pid) {
  rows_[row].pid.store(pid, std::memory_order_relaxed);
  const Slot slot = rows_[row].slot.load(std::memory_order_relaxed);
  const Generation generation = rows_[row].generation.load(std::memory_order_relaxed);
  if (slot >= kMaxWorkers) return;
  if (births_[slot].generation == generation) ++births_[slot].restarts;
  births_[slot].generation = generation;
}

void WorkerTable::free(Row row) {
  rows_[row].clients.store(0, std::memory_order_relaxed);
  rows_[row].state.store(WorkerState::free, std::memory_order_release);
  Row rows = rows_ever();
  while (rows > 0 && rows_[rows - 1].state.load(std::memory_order_relaxed) == WorkerState::free) {
    --rows;
  }
  in_use_.store(rows);
}

std::uint32_t WorkerTable::rows_in_use() const { return std::min(in_use_.load(), kMaxRows); }

Row WorkerTable::rows_ever() const {
  return std::min(ever_.load(std::memory_order_acquire), kMaxRows);
}

void WorkerTable::set_state(Row row, WorkerState state) {
  rows_[row].state.store(state, std::memory_order_release);
}

void WorkerTable::beat(Row row, std::uint64_t now_ms) {
  rows_[row].heartbeat_ms.store(now_ms, std::memory_order_relaxed);
}

void WorkerTable::set_clients(Row row, std::uint32_t clients) {
  rows_[row].clients.store(clients, std::memory_order_relaxed);
}

void WorkerTable::count_request(Row row) {
  std::atomic<std::uint64_t>& cell = rows_[row].requests;
  cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void WorkerTable::invite(Row row, Slot slot) {
  rows_[row].invitations.fetch_or(std::uint64_t{1} << slot);
}

std::uint64_t WorkerTable::take_invitations(Row row) { return rows_[row].invitations.exchange(0); }

WorkerInfo WorkerTable::info(Row row) const {
  const Cells& cells = rows_[row];
  WorkerInfo info;
  info.state = cells.state.load(std::memory_order_acquire);
  info.pid = cells.pid.load(std::memory_order_relaxed);
  info.slot = cells.slot.load(std::memory_order_relaxed);
  info.generation = cells.generation.load(std::memory_order_relaxed);
  info.heartbeat_ms = cells.heartbeat_ms.load(std::memory_order_relaxed);
  info.requests = cells.requests.load(std::memory_order_relaxed) -
                  cells.requests_before.load(std::memory_order_relaxed);
  info.clients = cells.clients.load(std::memory_order_relaxed);
  if (info.slot < kMaxWorkers) info.restarts = births_[info.slot].restarts;
  const std::uint32_t refused = cells.refused_call.load(std::memory_order_relaxed);
  if (refused != 0) info.refused_call = refused - 1;
  info.doing = unpack(cells.doing.load(std::memory_order_relaxed));
  return info;
}

std::uint64_t WorkerTable::total_requests() const {
  std::uint64_t total = 0;
  for (Row row = 0; row < rows_ever(); ++row) {
    total += rows_[row].requests.load(std::memory_order_relaxed);
  }
  return total;
}

}  // namespace shm
