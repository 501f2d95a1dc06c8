// What one process has counted at one listener, and the sum over all processes.
//
// Cells are in shared memory and have one writer (see response_cells.h). Only listeners that are
// used need memory for them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/layout.h"
#include "shm/response_cells.h"

namespace shm {

// What a request speaks; `unknown`: Pound refused it before that was clear.
enum class RequestProtocol : std::uint8_t { http10, http11, http2, unknown };
inline constexpr std::size_t kRequestProtocols = 4;

// The version of TLS that a handshake has chosen.
enum class TlsVersion : std::uint8_t { tls10, tls11, tls12, tls13 };
inline constexpr std::size_t kTlsVersions = 4;

// Reasons other than those of ReasonCounts why a request or a connection was not served; their
// numbers mean something to the caller only.
inline constexpr std::size_t kMaxOwnReasons = 64;

// Bytes between clients and Pound. Heads and frames count, TLS does not.
struct ByteCells {
  std::atomic<std::uint64_t> in{0};
  std::atomic<std::uint64_t> out{0};
};

struct ListenerCells {
  void count_request(RequestProtocol protocol) {
    add_to(requests[static_cast<std::size_t>(protocol)], 1);
  }
  void count_handshake(TlsVersion version, bool is_resumed) {
    add_to(tls_handshakes[static_cast<std::size_t>(version)], 1);
    if (is_resumed) add_to(tls_resumptions, 1);
  }
  void clear();

  ResponseCells responses;
  std::atomic<std::uint64_t> requests[kRequestProtocols]{};  // begun
  ByteCells bytes;
  std::atomic<std::uint64_t> connections{0};                  // accepted
  std::atomic<std::uint64_t> tls_handshakes[kTlsVersions]{};  // completed
  std::atomic<std::uint64_t> tls_resumptions{0};              // of these
  std::atomic<std::uint64_t> own_reasons[kMaxOwnReasons]{};
};

static_assert(kFitForSegment<ListenerCells>);

struct ListenerCounters {
  void add(const ListenerCells& cells);
  std::uint64_t all_requests() const;
  std::uint64_t all_handshakes() const;

  ResponseSums responses;
  std::array<std::uint64_t, kRequestProtocols> requests{};
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t connections = 0;
  std::array<std::uint64_t, kTlsVersions> tls_handshakes{};
  std::uint64_t tls_resumptions = 0;
  std::array<std::uint64_t, kMaxOwnReasons> own_reasons{};
};

}  // namespace shm
