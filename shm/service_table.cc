// Services: ids and counters of the segment. No system call, no lock.
#include "shm/service_table.h"

#include <unordered_map>

#include "shm/retry_budget.h"

namespace shm {
namespace {

constexpr std::uint32_t kRequests = 0;
constexpr std::uint32_t kStrangers = 1;
constexpr std::uint32_t kRetries = 2;
constexpr std::uint32_t kRetriesRefused = 3;

}  // namespace

std::optional<std::vector<std::uint32_t>> ServiceTable::enroll(const std::vector<ServiceId>& ids) {
  std::unordered_map<ServiceId, std::uint32_t> known;
  std::uint32_t used = 0;
  for (std::uint32_t index = 0; index < size(); ++index) {
    known.emplace(ids_.id_of(index), index);
    used += enrolled(index) ? 1 : 0;
  }
  for (const ServiceId id : ids) {
    const auto found = known.find(id);
    used += found == known.end() || !enrolled(found->second) ? 1 : 0;
  }
  if (used > kMaxServices) return std::nullopt;

  // Known ids first, so that no new id gets the row of a known one.
  for (const ServiceId id : ids) {
    if (const auto found = known.find(id); found != known.end()) ids_.revive(found->second);
  }
  std::vector<std::uint32_t> rows;
  for (const ServiceId id : ids) {
    const auto found = known.find(id);
    if (found != known.end()) {
      rows.push_back(found->second);
      continue;
    }
    const auto entry = ids_.add(id, [](std::uint32_t) { return true; });
    if (!entry) return std::nullopt;  // an id occurs twice in `ids`
    counters_.restart(entry->index);
    responses_.restart(entry->index);
    admin_.restart(entry->index);
    retry_budgets_[entry->index].store(0, std::memory_order_relaxed);
    rows.push_back(entry->index);
  }
  return rows;
}

void ServiceTable::retire(std::uint32_t index) { ids_.retire(index); }

std::uint32_t ServiceTable::size() const { return ids_.size(); }

bool ServiceTable::enrolled(std::uint32_t index) const { return ids_.enrolled(index); }

void ServiceTable::count_request(std::uint32_t index, Row row) {
  counters_.count(index, row, kRequests);
}

std::uint64_t ServiceTable::requests(std::uint32_t index) const {
  return counters_.sums(index)[kRequests];
}

ResponseSums ServiceTable::responses(std::uint32_t index) const {
  ResponseSums sums;
  responses_.each(index, [&](const ResponseCells& cells) { sums.add(cells); });
  return sums;
}

void ServiceTable::count_stranger(std::uint32_t index, Row row) {
  counters_.count(index, row, kStrangers);
}

std::uint64_t ServiceTable::strangers(std::uint32_t index) const {
  return counters_.sums(index)[kStrangers];
}

// The requests are counted again in each round: never fewer than the word has seen.
bool ServiceTable::take_retry(std::uint32_t index, Row row) {
  std::atomic<std::uint64_t>& budget = retry_budgets_[index];
  std::uint64_t now = budget.load(std::memory_order_acquire);
  std::optional<std::uint64_t> paid;
  do {
    paid = pay_for_retry(now, requests(index));
  } while (paid && !budget.compare_exchange_weak(now, *paid, std::memory_order_acq_rel,
                                                 std::memory_order_acquire));
  counters_.count(index, row, paid ? kRetries : kRetriesRefused);
  return paid.has_value();
}

std::uint64_t ServiceTable::retries(std::uint32_t index) const {
  return counters_.sums(index)[kRetries];
}

std::uint64_t ServiceTable::retries_refused(std::uint32_t index) const {
  return counters_.sums(index)[kRetriesRefused];
}

}  // namespace shm
