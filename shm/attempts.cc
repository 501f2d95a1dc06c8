// Wrong passwords of each client: see attempts.h.
#include "shm/attempts.h"

#include <algorithm>

namespace shm {
namespace {

constexpr std::uint64_t kMost = kFreeAttempts * kAttemptMs;  // that a client can answer for
// A worker reads its clock once in a turn of its loop, so another one may be ahead.
constexpr std::uint64_t kClockSlack = 10'000;
constexpr int kTimeBits = 40;  // 34 years of milliseconds
constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kTimeBits) - 1;

std::uint64_t mark_of(std::uint64_t client) { return client >> kTimeBits; }
std::size_t set_of(std::uint64_t client) { return client % Attempts::kSets; }

bool is_of(std::uint64_t word, std::uint64_t client) {
  return word >> kTimeBits == mark_of(client);
}

// For how long from now there are attempts to answer for.
std::uint64_t debt_of(std::uint64_t word, std::uint64_t now_ms) {
  const std::uint64_t until = word & kTimeMask;
  if (until <= now_ms || until > now_ms + kMost + kClockSlack) return 0;
  return std::min(until - now_ms, kMost);
}

std::uint64_t word_of(std::uint64_t client, std::uint64_t debt, std::uint64_t now_ms) {
  return mark_of(client) << kTimeBits | ((now_ms + debt) & kTimeMask);
}

}  // namespace

std::uint64_t Attempts::debt_ms(std::uint64_t client, std::uint64_t now_ms) const {
  std::uint64_t debt = 0;
  for (const Word& word : words_[set_of(client)]) {
    const std::uint64_t seen = word.load(std::memory_order_relaxed);
    if (is_of(seen, client)) debt = std::max(debt, debt_of(seen, now_ms));
  }
  return debt;
}

std::uint64_t Attempts::wait_ms(std::uint64_t client, std::uint64_t now_ms) const {
  const std::uint64_t wanted = debt_ms(client, now_ms) + kAttemptMs;
  return wanted <= kMost ? 0 : wanted - kMost;
}

bool Attempts::has_failed(std::uint64_t client, std::uint64_t now_ms) const {
  return debt_ms(client, now_ms) != 0;
}

bool Attempts::take(std::uint64_t client, std::uint64_t now_ms) {
  Word(&set)[kEntries] = words_[set_of(client)];
  for (;;) {
    if (wait_ms(client, now_ms) != 0) return false;
    Word* place = nullptr;
    std::uint64_t seen = 0;
    std::uint64_t least = 0;
    for (Word& word : set) {
      const std::uint64_t now_there = word.load(std::memory_order_relaxed);
      const bool is_own = is_of(now_there, client) && now_there != 0;
      const std::uint64_t debt = debt_of(now_there, now_ms);
      if (place != nullptr && !is_own && debt >= least) continue;
      place = &word;
      seen = now_there;
      least = debt;
      if (is_own) break;
    }
    const std::uint64_t own_debt = is_of(seen, client) ? least : 0;
    const std::uint64_t next = word_of(client, own_debt + kAttemptMs, now_ms);
    if (place->compare_exchange_weak(seen, next, std::memory_order_relaxed)) return true;
  }
}

void Attempts::give_back(std::uint64_t client, std::uint64_t now_ms) {
  for (Word& word : words_[set_of(client)]) {
    std::uint64_t seen = word.load(std::memory_order_relaxed);
    while (is_of(seen, client)) {
      const std::uint64_t debt = debt_of(seen, now_ms);
      const std::uint64_t left = debt > kAttemptMs ? debt - kAttemptMs : 0;
      if (word.compare_exchange_weak(seen, word_of(client, left, now_ms),
                                     std::memory_order_relaxed)) {
        return;
      }
    }
  }
}

}  // namespace shm
