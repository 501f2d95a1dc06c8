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
  static constexpr std::array<std::string_view, static_cast<std::size_t>(Activity::drain) + 1>
      kWords{"starting",     "waiting",      "accepting", "read_head", "sanitize",  "route",
             "permit",       "authenticate", "serve",     "collect",   "recall",    "admit",
             "pick_backend", "claim",        "connect",   "secure",    "send_head", "relay",
             "tunnel",       "finish",       "tick",      "probe",     "drain"};
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
    Identity& identity = master_.rows[row];
    if (identity.state.load(std::memory_order_relaxed) != WorkerState::free) continue;
    RowPart& gauges = gauges_[row];
    gauges.heartbeat_ms.store(0, std::memory_order_relaxed);
    gauges.clients.store(0, std::memory_order_relaxed);
    gauges.refused_call.store(0, std::memory_order_relaxed);
    gauges.doing.store(0, std::memory_order_relaxed);
    gauges.buffered.store(0, std::memory_order_relaxed);
    gauges.buffer_memory.store(0, std::memory_order_relaxed);
    common_.invitations[row].store(0, std::memory_order_relaxed);
    identity.pid.store(0, std::memory_order_relaxed);
    identity.slot.store(slot, std::memory_order_relaxed);
    identity.generation.store(generation, std::memory_order_relaxed);
    identity.requests_before.store(gauges.requests.load(std::memory_order_relaxed),
                                   std::memory_order_relaxed);
    identity.state.store(WorkerState::starting, std::memory_order_release);
    master_.ever.store(std::max(rows_ever(), row + 1));
    master_.in_use.store(std::max(rows_in_use(), row + 1));
    return row;
  }
  return std::nullopt;
}

void WorkerTable::set_pid(Row row, std::int32_t pid) {
  Identity& identity = master_.rows[row];
  identity.pid.store(pid, std::memory_order_relaxed);
  const Slot slot = identity.slot.load(std::memory_order_relaxed);
  const Generation generation = identity.generation.load(std::memory_order_relaxed);
  if (slot >= kMaxWorkers) return;
  Births& births = master_.births[slot];
  if (births.generation.load(std::memory_order_relaxed) == generation) {
    births.restarts.store(births.restarts.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
  }
  births.generation.store(generation, std::memory_order_relaxed);
}

void WorkerTable::free(Row row) {
  gauges_[row].clients.store(0, std::memory_order_relaxed);
  master_.rows[row].state.store(WorkerState::free, std::memory_order_release);
  const auto is_free = [this](Row any) {
    return master_.rows[any].state.load(std::memory_order_relaxed) == WorkerState::free;
  };
  Row rows = rows_ever();
  while (rows > 0 && is_free(rows - 1)) --rows;
  master_.in_use.store(rows);
}

std::uint32_t WorkerTable::rows_in_use() const { return std::min(master_.in_use.load(), kMaxRows); }

Row WorkerTable::rows_ever() const {
  return std::min(master_.ever.load(std::memory_order_acquire), kMaxRows);
}

void WorkerTable::set_state(Row row, WorkerState state) {
  master_.rows[row].state.store(state, std::memory_order_release);
}

void WorkerTable::beat(Row row, std::uint64_t now_ms) {
  gauges_[row].heartbeat_ms.store(now_ms, std::memory_order_relaxed);
}

void WorkerTable::set_clients(Row row, std::uint32_t clients) {
  gauges_[row].clients.store(clients, std::memory_order_relaxed);
}

void WorkerTable::set_buffered(Row row, std::uint64_t bytes, std::uint64_t most) {
  gauges_[row].buffered.store(bytes, std::memory_order_relaxed);
  gauges_[row].buffer_memory.store(most, std::memory_order_relaxed);
}

void WorkerTable::count_request(Row row) {
  std::atomic<std::uint64_t>& cell = gauges_[row].requests;
  cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void WorkerTable::invite(Row row, Slot slot) {
  common_.invitations[row].fetch_or(std::uint64_t{1} << slot);
}

std::uint64_t WorkerTable::take_invitations(Row row) {
  return common_.invitations[row].exchange(0);
}

WorkerInfo WorkerTable::info(Row row) const {
  const Identity& identity = master_.rows[row];
  const RowPart& gauges = gauges_[row];
  WorkerInfo info;
  info.state = identity.state.load(std::memory_order_acquire);
  info.pid = identity.pid.load(std::memory_order_relaxed);
  info.slot = identity.slot.load(std::memory_order_relaxed);
  info.generation = identity.generation.load(std::memory_order_relaxed);
  info.heartbeat_ms = gauges.heartbeat_ms.load(std::memory_order_relaxed);
  const std::uint64_t before = identity.requests_before.load(std::memory_order_relaxed);
  info.requests = std::max(gauges.requests.load(std::memory_order_relaxed), before) - before;
  info.clients = gauges.clients.load(std::memory_order_relaxed);
  if (info.slot < kMaxWorkers) info.restarts = master_.births[info.slot].restarts.load();
  const std::uint32_t refused = gauges.refused_call.load(std::memory_order_relaxed);
  if (refused != 0) info.refused_call = refused - 1;
  info.doing = unpack(gauges.doing.load(std::memory_order_relaxed));
  info.buffered = gauges.buffered.load(std::memory_order_relaxed);
  info.buffer_memory = gauges.buffer_memory.load(std::memory_order_relaxed);
  return info;
}

std::optional<std::uint64_t> WorkerTable::restarts(Slot slot) const {
  if (slot >= kMaxWorkers) return std::nullopt;
  const Births& births = master_.births[slot];
  if (births.generation.load(std::memory_order_relaxed) == 0) return std::nullopt;
  return births.restarts.load(std::memory_order_relaxed);
}

void WorkerTable::set_log_losses(std::uint64_t records) {
  master_.log_losses.store(records, std::memory_order_relaxed);
}

std::uint64_t WorkerTable::log_losses() const {
  return master_.log_losses.load(std::memory_order_relaxed);
}

std::uint64_t WorkerTable::total_requests() const {
  std::uint64_t total = 0;
  for (Row row = 0; row < rows_ever(); ++row) {
    total += gauges_[row].requests.load(std::memory_order_relaxed);
  }
  return total;
}

}  // namespace shm
