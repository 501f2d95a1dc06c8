// What all structures of the segment have in common: the width of a cache line, and one check.
//
// Owns nothing. The segment starts as zero bytes and no constructor runs, so zero bytes must be a
// valid initial state of every type in it. The mutexes of the session table are the one exception:
// they are constructed when the segment is made.
#pragma once

// The layout, and products of two 64-bit numbers elsewhere, are made for 64-bit processors.
#if __SIZEOF_POINTER__ != 8
#error "Pound needs a 64-bit processor and compiler, for example amd64, arm64, ppc64el or s390x"
#endif

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace shm {

inline constexpr std::size_t kCacheLine = 64;

// Memory is split by its writer, because a worker may be taken over by an attacker. Each table
// consists of three parts, and each part lies with the same part of the other tables:
//   MasterPart  the master alone writes it; read-only in workers
//   RowPart     the process of one row writes it, and the master when that process is dead;
//               read-only in all other workers
//   CommonPart  every worker writes it; no reader may rely on what it says
// A section begins at a multiple of the largest page size that Linux uses.
inline constexpr std::size_t kSectionAlign = 65536;

// Atomics between processes must be lock-free: a fallback lock would be private to each process.
static_assert(std::atomic<std::uint8_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::atomic<std::int32_t>::is_always_lock_free);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(sizeof(std::atomic<std::uint32_t>) == 4 && sizeof(std::atomic<std::uint64_t>) == 8);

// The layout is the same in every process, and no destructor has to run.
template <class T>
inline constexpr bool kFitForSegment =
    std::is_standard_layout_v<T>&& std::is_trivially_destructible_v<T>;

}  // namespace shm
