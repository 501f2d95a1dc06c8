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

// The client's word, or else the first one with the smallest debt.
Attempts::Place Attempts::find(std::uint64_t client, std::uint64_t now_ms) {
  Place own;
  Place least;
  for (Word& cell : words_[set_of(client)]) {
    const std::uint64_t word = cell.load(std::memory_order_relaxed);
    const std::uint64_t debt = debt_of(word, now_ms);
    if (word != 0 && is_of(word, client)) {
      if (own.cell == nullptr || debt > own.debt_ms) own = {&cell, word, debt, true};
    } else if (least.cell == nullptr || debt < least.debt_ms) {
      least = {&cell, word, debt, false};
    }
  }
  return own.cell != nullptr ? own : least;
}

// The verdict and the exchange are about the same word, read once. Otherwise two workers could both
// find room for the last attempt and then count one on top of the other.
bool Attempts::take(std::uint64_t client, std::uint64_t now_ms) {
  for (;;) {
    const Place place = find(client, now_ms);
    const std::uint64_t debt = (place.is_own ? place.debt_ms : 0) + kAttemptMs;
    if (debt > kMost) return false;
    std::uint64_t seen = place.word;
    const std::uint64_t fresh = word_of(client, debt, now_ms);
    if (place.cell->compare_exchange_weak(seen, fresh, std::memory_order_relaxed)) return true;
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
