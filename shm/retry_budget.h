// How many requests of a service may go to a second backend: one in ten, and ten at once.
//
// Pure arithmetic on one word, which all workers share and change with compare-and-swap. Each
// request of the service pays for a tenth of a retry, and what nobody takes is kept for at most ten
// retries. The word has what was taken out of the full budget, in tenths, and how many requests had
// come at that time. So a request costs nothing here: its share is credited with the next retry. A
// word of zero is a full budget. No word is invalid: one that has seen more requests than there are
// is a full budget, too.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace shm {

inline constexpr std::uint64_t kRequestsPerRetry = 10;
inline constexpr std::uint64_t kRetriesAtOnce = 10;

// The word after one more retry, when the service has had `requests` in all; nothing when the
// budget does not allow it.
inline std::optional<std::uint64_t> pay_for_retry(std::uint64_t word, std::uint64_t requests) {
  constexpr std::uint64_t kDebtBits = 8;
  constexpr std::uint64_t kMostDebt = kRequestsPerRetry * kRetriesAtOnce;
  constexpr std::uint64_t kDebtMask = (std::uint64_t{1} << kDebtBits) - 1;
  static_assert(kMostDebt <= kDebtMask);
  const std::uint64_t seen = word >> kDebtBits;
  const std::uint64_t taken = std::min(word & kDebtMask, kMostDebt);
  const std::uint64_t left = seen > requests ? 0 : taken - std::min(taken, requests - seen);
  const std::uint64_t debt = left + kRequestsPerRetry;
  if (debt > kMostDebt) return std::nullopt;
  return requests << kDebtBits | debt;
}

}  // namespace shm
