// Weighted turns: see round_robin.h.
//
// At each choice every backend earns credit: its weight times its share. The one with the most
// credit is chosen and pays what all have earned. So the credits sum up to zero, none is further
// from zero than that sum, and backends of unequal weight are interleaved: with the weights 2 and
// 1, A B A and not A A B. A backend without a share neither earns nor pays.
#include "worker/route/round_robin.h"

#include <algorithm>
#include <numeric>

namespace worker::route {

namespace {

// Of the turns that a worker skips at its start, of which each takes a look at all backends.
constexpr std::uint64_t kMostSkipped = 4096;

class AllHealthy final : public Candidates {
 public:
  unsigned share(std::size_t) const override { return kFullShare; }
  std::uint32_t load(std::size_t) const override { return 0; }
};

}  // namespace

RoundRobin::RoundRobin(std::span<const Member> members, std::uint64_t random) {
  std::int64_t sum = 0;
  std::int64_t divisor = 0;
  for (const Member& member : members) {
    turns_.push_back({.weight = member.weight});
    sum += member.weight;
    divisor = std::gcd(divisor, std::int64_t{member.weight});
  }
  if (divisor == 0) return;  // there is no backend
  const auto turns_in_all = static_cast<std::uint64_t>(sum / divisor);
  const std::uint64_t skipped = scale(random, std::min(turns_in_all, kMostSkipped));
  for (std::uint64_t i = 0; i < skipped; ++i) choose(AllHealthy(), {.random = 0});
}

std::optional<std::size_t> RoundRobin::choose(const Candidates& candidates, const Draw&) {
  std::optional<std::size_t> best;
  std::int64_t earned = 0;
  for (std::size_t i = 0; i < turns_.size(); ++i) {
    const std::int64_t own = turns_[i].weight * candidates.share(i);
    if (own == 0) continue;
    turns_[i].credit += own;
    earned += own;
    if (!best || turns_[i].credit > turns_[*best].credit) best = i;
  }
  if (best) turns_[*best].credit -= earned;
  return best;
}

}  // namespace worker::route
