// Balances clients among workers: see fair_share.h.
#include "worker/client/fair_share.h"

#include <algorithm>

#include "worker/net/wake.h"

namespace worker::client {

namespace {

// A worker whose loop has not turned for longer than this gets no clients and needs help.
constexpr std::uint64_t kFreshMs = 1000;

bool is_serving(const shm::WorkerInfo& info, std::uint64_t now_ms) {
  return info.state == shm::WorkerState::ready && info.heartbeat_ms + kFreshMs >= now_ms;
}

// A quarter and one more than the other worker is clearly more. A smaller difference is not worth
// the cost of leaving clients to the other worker.
constexpr std::uint32_t most_beside(std::uint32_t clients) { return clients + clients / 4 + 1; }

// A worker with few clients may still be busy. It gets no clients from this worker when its request
// rate is more than this factor times ours, plus this number of requests per tick: rates below that
// number are noise.
constexpr double kBusier = 1.1;
constexpr double kIdle = 10;

constexpr double kNewPart = 0.1;  // the weight of the last tick in the moving average

}  // namespace

FairShare::FairShare(shm::WorkerTable& workers, shm::Row row, const std::vector<int>& wake_fds)
    : workers_(workers), row_(row), generation_(workers.info(row).generation), wake_fds_(wake_fds) {
  for (shm::Row other = 0; other < workers_.rows_in_use(); ++other) {
    paces_[other].requests = workers_.info(other).requests;
  }
}

FairShare::Threshold FairShare::threshold(std::uint64_t now_ms) const {
  Threshold threshold;
  if (!clients_stay_) return threshold;
  std::uint32_t fewest = UINT32_MAX;
  for (shm::Row row = 0; row < workers_.rows_in_use(); ++row) {
    if (row == row_ || row >= wake_fds_.size()) continue;
    const shm::WorkerInfo info = workers_.info(row);
    if (!is_serving(info, now_ms) || info.generation != generation_) continue;
    if (info.clients >= fewest) continue;
    if (paces_[row].rate > paces_[row_].rate * kBusier + kIdle) continue;
    fewest = info.clients;
    threshold = {most_beside(fewest), row};
  }
  return threshold;
}

void FairShare::invite(shm::Row row, shm::Slot slot) {
  workers_.invite(row, slot);
  net::wake(wake_fds_[row]);
}

void FairShare::tick(std::uint64_t departed) {
  // When more clients leave in an interval than there are, their numbers even out by themselves
  // sooner than invitations could do it. Invitations then made a request on a connection of its own
  // 7 % dearer.
  clients_stay_ = departed - departed_ <= workers_.info(row_).clients;
  departed_ = departed;
  for (shm::Row row = 0; row < workers_.rows_in_use(); ++row) {
    const std::uint64_t requests = workers_.info(row).requests;
    Pace& pace = paces_[row];
    // The count is smaller than before when another process has taken the row.
    const std::uint64_t more = requests - std::min(requests, pace.requests);
    pace.rate += (static_cast<double>(more) - pace.rate) * kNewPart;
    pace.requests = requests;
  }
}

std::uint64_t FairShare::orphans(unsigned slots, std::uint64_t now_ms) const {
  std::uint64_t orphans = slots == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << slots) - 1;
  for (shm::Row row = 0; row < workers_.rows_in_use(); ++row) {
    const shm::WorkerInfo info = workers_.info(row);
    if (info.state == shm::WorkerState::starting || is_serving(info, now_ms)) {
      orphans &= ~(std::uint64_t{1} << info.slot);
    }
  }
  return orphans;
}

}  // namespace worker::client
