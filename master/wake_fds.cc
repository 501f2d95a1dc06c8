// See wake_fds.h.
#include "master/wake_fds.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "master/start_error.h"

namespace master {
namespace {

constexpr shm::Row kRowsForEachWorker = 4;
constexpr shm::Row kFewestRows = 16;

worker::net::WakePair make_pair() {
  std::optional<worker::net::WakePair> pair = worker::net::make_wake_pair();
  if (!pair) throw StartError("cannot make a pair of sockets", errno);
  return std::move(*pair);
}

}  // namespace

shm::Row rows_needed(unsigned workers, std::size_t others) {
  const std::size_t rows = std::size_t{kRowsForEachWorker} * workers + others;
  return static_cast<shm::Row>(
      std::clamp(rows, std::size_t{kFewestRows}, std::size_t{shm::kMaxRows}));
}

WakeFds::WakeFds(shm::Row rows) : doorbell_(make_pair()) { grow(rows); }

void WakeFds::grow(shm::Row rows) {
  while (pairs_.size() < rows) pairs_.push_back(make_pair());
}

void WakeFds::clear_doorbell() { worker::net::clear_wakes(doorbell_.sleeper.get()); }

void WakeFds::notify(shm::Row row) const {
  if (row < rows()) worker::net::wake(pairs_[row].waker.get());
}

std::vector<int> WakeFds::wakers() const {
  std::vector<int> fds;
  for (const worker::net::WakePair& pair : pairs_) fds.push_back(pair.waker.get());
  return fds;
}

std::vector<int> WakeFds::sleepers() const {
  std::vector<int> fds;
  for (const worker::net::WakePair& pair : pairs_) fds.push_back(pair.sleeper.get());
  return fds;
}

void WakeFds::mend(shm::Row row) {
  if (row >= rows() || worker::net::works(pairs_[row])) return;
  const worker::net::WakePair fresh = make_pair();
  if (::dup3(fresh.waker.get(), pairs_[row].waker.get(), O_CLOEXEC) < 0 ||
      ::dup3(fresh.sleeper.get(), pairs_[row].sleeper.get(), O_CLOEXEC) < 0) {
    throw StartError("cannot replace a pair of sockets", errno);
  }
}

}  // namespace master
