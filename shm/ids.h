// The names by which processes refer to things in the segment. Plain integers; no logic but
// hashing.
#pragma once

#include <cstdint>
#include <string_view>

namespace shm {

// The same after a reload: made from what a thing is, not from its position in the file.
using BackendId = std::uint64_t;
using ListenerId = std::uint64_t;
using ServiceId = std::uint64_t;
using LimitId = std::uint64_t;

// `occurrence` tells things with equal descriptions apart: 0 for the first, 1 for the next …
BackendId make_backend_id(std::string_view anchor, std::string_view address, std::uint16_t port,
                          unsigned occurrence);
ListenerId make_listener_id(std::string_view address, std::uint16_t port);
ServiceId make_service_id(std::string_view identity, unsigned occurrence);
// `owner`: of its listener or service. `clients`: what tells the limit's clients apart.
LimitId make_limit_id(std::uint64_t owner, std::uint32_t number, std::string_view clients);

// The owner of a session: a keyed hash, made by the worker, of the service and of what tells its
// clients apart. All bits are uniform, and no client can choose the bucket of its session.
struct SessionKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const SessionKey&) const = default;
};

using Slot = std::uint32_t;        // 0..N-1: which of the N workers; kept over a respawn
using Generation = std::uint32_t;  // 1, 2, …: one more after each reload
using Row = std::uint32_t;         // index of a live process in every per-process array

inline constexpr std::uint32_t kMaxRows = 192;  // old and new generations together
// For Segment::confine: a process that has no row and writes nothing, and the one that checks
// passwords.
inline constexpr Row kNoRow = kMaxRows;
inline constexpr Row kHelperRow = kMaxRows + 1;
inline constexpr std::uint32_t kMaxWorkers = 64;  // in one generation
inline constexpr std::uint32_t kMaxBackends = 4096;
inline constexpr std::uint32_t kMaxListeners = 256;
inline constexpr std::uint32_t kMaxServices = 16384;
inline constexpr std::uint32_t kMaxLimits = 4096;  // of all listeners and services
inline constexpr std::uint32_t kMaxReasons = 128;  // for which Pound may refuse a message

}  // namespace shm
