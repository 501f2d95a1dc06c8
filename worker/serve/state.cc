// See state.h.
#include "worker/serve/state.h"

#include <algorithm>
#include <utility>

namespace worker::serve {
namespace {

// Of the latest workers: those of a reload that ends well.
shm::Generation newest_generation(const shm::Snapshot& snapshot) {
  shm::Generation newest = 0;
  for (const shm::WorkerStatus& worker : snapshot.workers) {
    if (worker.info.state == shm::WorkerState::starting) continue;
    newest = std::max(newest, worker.info.generation);
  }
  return newest;
}

template <class Item>
std::size_t bytes_of(const std::vector<Item>& items) {
  return items.capacity() * sizeof(Item);
}

}  // namespace

Moment::Moment(const State& state, std::uint64_t now_ms)
    : names_(state.names),
      snapshot_(shm::take_snapshot_without_sessions(state.segment, now_ms)),
      sessions_(state.segment),
      process_{POUND_VERSION, state.master_pid, newest_generation(snapshot_), state.started_ms} {}

Moment::Range Moment::range(std::string_view kind) const {
  const std::pair<std::string_view, std::size_t> sizes[] = {
      {"process", 1},
      {"worker", snapshot_.workers.size()},
      {"listener", snapshot_.listeners.size()},
      {"service", snapshot_.services.size()},
      {"backend", snapshot_.backends.size()},
      {"limit", snapshot_.limits.size()},
      {"certificate", names_.certificates.size()},
      {"client", snapshot_.top_clients.size()},
      {"busy_client", snapshot_.busy_clients.size()},
      {"sessions", 1},
      {"store", names_.store.empty() ? 0 : 1},
  };
  Range range;
  for (const auto& [one, size] : sizes) {
    range.size = size;
    if (one == kind) return range;
    range.begin += size;
  }
  return {};
}

std::size_t Moment::memory() const {
  return bytes_of(snapshot_.workers) + bytes_of(snapshot_.listeners) +
         bytes_of(snapshot_.services) + bytes_of(snapshot_.backends) + bytes_of(snapshot_.limits) +
         bytes_of(snapshot_.top_clients) + bytes_of(snapshot_.busy_clients);
}

}  // namespace worker::serve
