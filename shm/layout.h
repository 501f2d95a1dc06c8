// What all structures of the segment have in common: the width of a cache line, and one check.
//
// Owns nothing. Everything in the segment starts as zero bytes that no constructor has touched, so
// zero bytes must be a good initial state of every type there (the mutexes of the session table are
// the one exception: they are made when the segment is).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace shm {

inline constexpr std::size_t kCacheLine = 64;

// Atomics between processes must not fall back to a lock, which would be private to each process.
static_assert(std::atomic<std::uint8_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::atomic<std::int32_t>::is_always_lock_free);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(sizeof(std::atomic<std::uint32_t>) == 4 && sizeof(std::atomic<std::uint64_t>) == 8);

// Addresses mean the same in every process, and nothing has to be run to end a table's life.
template <class T>
inline constexpr bool kFitForSegment =
    std::is_standard_layout_v<T>&& std::is_trivially_destructible_v<T>;

}  // namespace shm
