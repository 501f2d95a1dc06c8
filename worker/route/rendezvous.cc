// Rendezvous hashing with weights: see rendezvous.h.
//
// If u is uniform in (0, 1), then -log(u) / weight is the time to wait for an event that happens
// `weight` times in a unit of time. Which of several such events comes first is decided by the
// weights: that is the backend with the smallest quotient. Quotients are compared as products.
#include "worker/route/rendezvous.h"

#include <array>
#include <bit>

namespace worker::route {

namespace {

constexpr unsigned kLineBits = 8;
constexpr std::size_t kLines = std::size_t{1} << kLineBits;
constexpr unsigned kUnitBits = 32;

// log2(1 + i / kLines) in units of 2^-32, rounded down: the square of a number has twice its
// logarithm, so each squaring gives one more bit.
constexpr std::uint64_t log2_of_line(std::size_t i) {
  if (i == kLines) return std::uint64_t{1} << kUnitBits;
  std::uint64_t x = (std::uint64_t{1} << 62) + (std::uint64_t{i} << (62 - kLineBits));
  std::uint64_t log = 0;
  for (unsigned bit = 0; bit < kUnitBits; ++bit) {
    x = static_cast<std::uint64_t>(static_cast<unsigned __int128>(x) * x >> 62);
    const bool is_two = x >= std::uint64_t{1} << 63;
    log = log << 1 | (is_two ? 1u : 0u);
    if (is_two) x >>= 1;
  }
  return log;
}

constexpr auto kLog2 = [] {
  std::array<std::uint64_t, kLines + 1> table{};
  for (std::size_t i = 0; i <= kLines; ++i) table[i] = log2_of_line(i);
  return table;
}();

struct Score {
  std::uint64_t hash;
  std::uint64_t weight;  // below 2^24
  std::uint64_t identity;

  // Whether it wins against the other one. Among equal weights the larger hash has the smaller
  // quotient, so that no logarithm is needed. A tie is broken alike everywhere.
  bool beats(const Score& other) const {
    if (weight != other.weight) {
      const std::uint64_t mine = minus_log2(hash) * other.weight;  // below 2^62
      const std::uint64_t theirs = minus_log2(other.hash) * weight;
      if (mine != theirs) return mine < theirs;
    }
    return hash != other.hash ? hash > other.hash : identity > other.identity;
  }
};

}  // namespace

std::uint64_t minus_log2(std::uint64_t hash) {
  if (hash == 0) hash = 1;
  const int zeros = std::countl_zero(hash);
  const std::uint64_t digits = hash << zeros << 1;  // those behind the leading one
  const auto line = static_cast<std::size_t>(digits >> (64 - kLineBits));
  const std::uint64_t rest = digits << kLineBits >> (64 - kUnitBits);
  const std::uint64_t log = kLog2[line] + ((kLog2[line + 1] - kLog2[line]) * rest >> kUnitBits);
  return (static_cast<std::uint64_t>(zeros + 1) << kUnitBits) - log;
}

std::optional<std::size_t> Rendezvous::choose(const Candidates& candidates, const Draw& draw) {
  std::optional<std::size_t> best;
  Score highest{};
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    const std::uint64_t weight = std::uint64_t{member.weight} * candidates.share(i);
    if (weight == 0) continue;
    const Score score{mix(draw.key ^ member.identity), weight, member.identity};
    if (best && !score.beats(highest)) continue;
    best = i;
    highest = score;
  }
  return best;
}

}  // namespace worker::route
