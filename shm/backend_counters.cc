// Counters of backends: see backend_counters.h. No system call, no lock.
#include "shm/backend_counters.h"

namespace shm {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

constexpr std::array<std::string_view, kBackendFailures> kWords{
    "refused", "connect_timeout", "connect_reset",   "unreachable", "no_connect",
    "busy",    "tls_verify",      "tls_handshake",   "closed",      "reset",
    "timeout", "truncated",       "invalid_response"};
static_assert(static_cast<std::size_t>(BackendFailure::invalid_response) + 1 == kBackendFailures);

}  // namespace

std::string_view to_text(BackendFailure failure) {
  return kWords[static_cast<std::size_t>(failure)];
}

void BackendCells::clear() {
  responses.clear();
  for (std::atomic<std::uint64_t>& cell : failures) cell.store(0, kRelaxed);
  for (std::atomic<std::uint64_t>* cell :
       {&requests, &checks_passed, &checks_failed, &deaths, &ejections}) {
    cell->store(0, kRelaxed);
  }
}

void BackendCounters::add(const BackendCells& cells) {
  responses.add(cells.responses);
  requests += cells.requests.load(kRelaxed);
  for (std::size_t i = 0; i < kBackendFailures; ++i) {
    const std::uint64_t count = cells.failures[i].load(kRelaxed);
    by_failure[i] += count;
    failures += count;
  }
  checks_passed += cells.checks_passed.load(kRelaxed);
  checks_failed += cells.checks_failed.load(kRelaxed);
  deaths += cells.deaths.load(kRelaxed);
  ejections += cells.ejections.load(kRelaxed);
}

}  // namespace shm
