// Responses by the class of their status, and a histogram of the time that they took.
//
// Cells are in shared memory and have one writer; they only rise, until the thing that they count
// for makes way for another one. Percentiles of recent times are in latency.h: a histogram for
// graphs must not forget, and its buckets must be the same for everyone who adds it up.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/layout.h"

namespace shm {

// `none`: the client left before there was a response.
enum class ResponseClass : std::uint8_t {
  none,
  informational,  // 101, for a tunnel; others do not end a request
  success,
  redirection,
  client_error,
  server_error,
};
inline constexpr std::size_t kResponseClasses = 6;
// Below 100 is none; RFC 9110 15 has 600 and more taken for a server's error.
ResponseClass response_class(int status);

// The upper bounds of the buckets, in microseconds; a last bucket has no bound.
inline constexpr std::array<std::uint64_t, 15> kTimeBounds{
    1'000,   2'500,     5'000,     10'000,    25'000,     50'000,     100'000,   250'000,
    500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000};
inline constexpr std::size_t kTimeBuckets = kTimeBounds.size() + 1;

// Adds to a cell of which the caller is the only writer.
inline void add_to(std::atomic<std::uint64_t>& cell, std::uint64_t more) {
  cell.store(cell.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

struct alignas(kCacheLine) ResponseCells {
  void count(ResponseClass what) { add_to(by_class[static_cast<std::size_t>(what)], 1); }
  void count_time(std::uint64_t us);
  void clear();

  std::atomic<std::uint64_t> by_class[kResponseClasses]{};
  std::atomic<std::uint64_t> total_us{0};
  std::atomic<std::uint64_t> by_time[kTimeBuckets]{};
};

static_assert(kFitForSegment<ResponseCells> && sizeof(ResponseCells) == 3 * kCacheLine);

// The sum over processes, in private memory.
struct ResponseSums {
  void add(const ResponseCells& cells);
  std::uint64_t of(ResponseClass what) const { return by_class[static_cast<std::size_t>(what)]; }

  std::array<std::uint64_t, kResponseClasses> by_class{};
  std::uint64_t total_us = 0;
  std::array<std::uint64_t, kTimeBuckets> by_time{};  // not cumulative
};

}  // namespace shm
