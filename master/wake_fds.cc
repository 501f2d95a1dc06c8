// See wake_fds.h.
#include "master/wake_fds.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "master/start_error.h"

namespace master {
namespace {

constexpr shm::Row kRowsForEachWorker = 4;
constexpr shm::Row kFewestRows = 16;

worker::net::UniqueFd make_eventfd() {
  worker::net::UniqueFd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd) throw StartError("cannot make an eventfd", errno);
  return fd;
}

}  // namespace

shm::Row rows_needed(unsigned workers, std::size_t others) {
  const std::size_t rows = std::size_t{kRowsForEachWorker} * workers + others;
  return static_cast<shm::Row>(
      std::clamp(rows, std::size_t{kFewestRows}, std::size_t{shm::kMaxRows}));
}

WakeFds::WakeFds(shm::Row rows) : doorbell_(make_eventfd()) { grow(rows); }

void WakeFds::grow(shm::Row rows) {
  while (fds_.size() < rows) fds_.push_back(make_eventfd());
}

void WakeFds::clear_doorbell() {
  eventfd_t count = 0;
  ::eventfd_read(doorbell_.get(), &count);
}

void WakeFds::notify(shm::Row row) const {
  // Fails only when the counter is full; the descriptor is then readable already.
  if (row < rows()) ::eventfd_write(fds_[row].get(), 1);
}

std::vector<int> WakeFds::by_row() const {
  std::vector<int> fds;
  for (const worker::net::UniqueFd& fd : fds_) fds.push_back(fd.get());
  return fds;
}

}  // namespace master
