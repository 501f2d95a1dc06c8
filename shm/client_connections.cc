// Connections of each client: see client_connections.h. No system call, no lock.
#include "shm/client_connections.h"

#include <algorithm>

namespace shm {
namespace {

constexpr int kCountBits = 24;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;

// Workers that raise their counts at the same moment try again. More attempts than that are not
// needed unless one of them is an attacker.
constexpr int kMostAttempts = 16;

std::uint64_t tag_of(SessionKey key) { return key.high & ~kCountMask; }

std::uint32_t bucket_of(SessionKey key) {
  return static_cast<std::uint32_t>(key.low % ClientConnections::kBuckets);
}

}  // namespace

// The client's entry in a row, or null.
std::atomic<std::uint64_t>* ClientConnections::find(SessionKey key, Row row) const {
  for (std::atomic<std::uint64_t>& cell : rows_[row].cells[bucket_of(key)]) {
    const std::uint64_t word = cell.load();
    if ((word & kCountMask) != 0 && (word & ~kCountMask) == tag_of(key)) return &cell;
  }
  return nullptr;
}

// Clears what a former process of the row has left.
void ClientConnections::begin(Row row) {
  for (auto& bucket : rows_[row].cells) {
    for (std::atomic<std::uint64_t>& cell : bucket) cell.store(0, std::memory_order_relaxed);
  }
  rows_[row].is_used.store(1);
}

bool ClientConnections::enter(SessionKey key, Row row) {
  if (rows_[row].is_used.load() == 0) begin(row);
  if (std::atomic<std::uint64_t>* const cell = find(key, row)) {
    cell->store(cell->load() + 1);
    return true;
  }
  for (std::atomic<std::uint64_t>& cell : rows_[row].cells[bucket_of(key)]) {
    if ((cell.load() & kCountMask) != 0) continue;
    cell.store(tag_of(key) | 1);
    return true;
  }
  return false;
}

void ClientConnections::leave(SessionKey key, Row row) {
  if (std::atomic<std::uint64_t>* const cell = find(key, row)) cell->store(cell->load() - 1);
}

std::uint64_t ClientConnections::count(SessionKey key, Row rows) const {
  std::uint64_t sum = 0;
  for (Row row = 0; row < std::min(rows, kMaxRows); ++row) {
    if (rows_[row].is_used.load() == 0) continue;
    if (const std::atomic<std::uint64_t>* const cell = find(key, row)) {
      sum += cell->load() & kCountMask;
    }
  }
  return sum;
}

// Raises the own count and then looks at the sum, as gate.h does. When two workers do that for the
// last place, both find the sum too high and take their counts back. Then each looks whether the
// others alone reach the limit, and if not, tries again. The last of them to look gets the place.
ClientConnections::Entry ClientConnections::try_enter(SessionKey key, Row row, Row rows,
                                                      std::uint32_t most) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    if (!enter(key, row)) return Entry::not_counted;
    if (count(key, rows) <= most) return Entry::counted;
    leave(key, row);
    if (count(key, rows) >= most) return Entry::over;
  }
  return Entry::over;
}

}  // namespace shm
