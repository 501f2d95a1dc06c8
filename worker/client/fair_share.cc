// Shares of the clients: see fair_share.h.
#include "worker/client/fair_share.h"

#include <unistd.h>

#include <algorithm>

namespace worker::client {

namespace {

// A loop that has not turned for so long is of no help, and needs it.
constexpr std::uint64_t kFreshMs = 1000;

bool is_serving(const shm::WorkerInfo& info, std::uint64_t now_ms) {
  return info.state == shm::WorkerState::ready && info.heartbeat_ms + kFreshMs >= now_ms;
}

// More than others by a quarter and one is clearly more; less would send clients about for nothing.
constexpr std::uint32_t most_beside(std::uint32_t clients) { return clients + clients / 4 + 1; }

// Few clients may be the busier ones: one who serves clearly more requests is not idle. So few
// requests in an interval say nothing.
constexpr double kBusier = 1.1;
constexpr double kIdle = 10;

constexpr double kNewPart = 0.1;  // of the last interval in a rate

}  // namespace

FairShare::FairShare(shm::WorkerTable& workers, shm::Row row, const std::vector<int>& wake_fds)
    : workers_(workers), row_(row), generation_(workers.info(row).generation), wake_fds_(wake_fds) {
  for (shm::Row other = 0; other < workers_.rows_in_use(); ++other) {
    paces_[other].requests = workers_.info(other).requests;
  }
}

FairShare::Verdict FairShare::judge(std::uint64_t now_ms) const {
  Verdict verdict;
  if (!clients_stay_) return verdict;
  std::uint32_t fewest = UINT32_MAX;
  for (shm::Row row = 0; row < workers_.rows_in_use(); ++row) {
    if (row == row_ || row >= wake_fds_.size()) continue;
    const shm::WorkerInfo info = workers_.info(row);
    if (!is_serving(info, now_ms) || info.generation != generation_) continue;
    if (info.clients >= fewest) continue;
    if (paces_[row].rate > paces_[row_].rate * kBusier + kIdle) continue;
    fewest = info.clients;
    verdict = {most_beside(fewest), row};
  }
  return verdict;
}

void FairShare::invite(shm::Row row, shm::Slot slot) {
  workers_.invite(row, slot);
  const std::uint64_t one = 1;
  // A full counter means that it is being woken anyway.
  [[maybe_unused]] const ssize_t n = ::write(wake_fds_[row], &one, sizeof one);
}

void FairShare::tick(std::uint64_t left) {
  // When more of them leave in an interval than there are, chance evens out their numbers sooner
  // than we could; sending them about cost 7 % of a request with a connection of its own.
  clients_stay_ = left - left_ <= workers_.info(row_).clients;
  left_ = left;
  for (shm::Row row = 0; row < workers_.rows_in_use(); ++row) {
    const std::uint64_t requests = workers_.info(row).requests;
    Pace& pace = paces_[row];
    // Less than before: another process has the row.
    const std::uint64_t more = requests - std::min(requests, pace.requests);
    pace.rate += (static_cast<double>(more) - pace.rate) * kNewPart;
    pace.requests = requests;
  }
}

std::uint64_t FairShare::orphans(unsigned slots, std::uint64_t now_ms) const {
  std::uint64_t left = slots == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << slots) - 1;
  for (shm::Row row = 0; row < workers_.rows_in_use(); ++row) {
    const shm::WorkerInfo info = workers_.info(row);
    if (info.state == shm::WorkerState::starting || is_serving(info, now_ms)) {
      left &= ~(std::uint64_t{1} << info.slot);
    }
  }
  return left;
}

}  // namespace worker::client
