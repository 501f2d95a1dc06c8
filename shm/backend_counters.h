// What one process has counted at one backend, and the sum over all processes.
//
// Cells are in shared memory and have one writer (see response_cells.h). Only backends that are
// used need memory for them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shm/layout.h"
#include "shm/response_cells.h"

namespace shm {

// Why a backend has not served a request that was meant for it.
enum class BackendFailure : std::uint8_t {
  refused,  // the connection, as in DeadReason
  connect_timeout,
  connect_reset,
  unreachable,
  no_connect,  // for another reason
  busy,        // the queue of its socket stayed full (Unix sockets)
  tls_verify,  // its certificate is not accepted
  tls_handshake,
  closed,            // before its response has begun
  reset,             // likewise
  timeout,           // no response in time
  truncated,         // its response has ended too early
  invalid_response,  // its response breaks a rule
};
inline constexpr std::size_t kBackendFailures = 13;
std::string_view to_text(BackendFailure failure);

struct BackendCells {
  void clear();

  ResponseCells responses;  // as the backend sent them, up to their heads
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> failures[kBackendFailures]{};
  std::atomic<std::uint64_t> checks_passed{0};
  std::atomic<std::uint64_t> checks_failed{0};
  std::atomic<std::uint64_t> deaths{0};
  std::atomic<std::uint64_t> ejections{0};
};

static_assert(kFitForSegment<BackendCells>);

struct BackendCounters {
  void add(const BackendCells& cells);
  std::uint64_t of(BackendFailure why) const { return by_failure[static_cast<std::size_t>(why)]; }

  ResponseSums responses;
  std::uint64_t requests = 0;  // sent to the backend
  std::uint64_t failures = 0;  // of all kinds
  std::array<std::uint64_t, kBackendFailures> by_failure{};
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t deaths = 0;  // how often it was found dead
  std::uint64_t ejections = 0;
};

}  // namespace shm
