// Weighted random choice: see weighted_random.h.
#include "worker/route/weighted_random.h"

#include <algorithm>

namespace worker::route {

WeightedRandom::WeightedRandom(std::span<const Member> members) {
  std::uint64_t sum = 0;
  for (const Member& member : members) ends_.push_back(sum += member.weight);
}

// Takes the first draw with the probability of its share, and else draws once more by weights and
// shares. Either way the probabilities of the backends are to each other as weight times share.
std::optional<std::size_t> WeightedRandom::pick(const Candidates& candidates,
                                                std::uint64_t random) const {
  if (ends_.empty()) return std::nullopt;
  const auto found = std::upper_bound(ends_.begin(), ends_.end(), scale(random, ends_.back()));
  const auto first = static_cast<std::size_t>(found - ends_.begin());
  static_assert(kFullShare == 256);  // so eight bits decide; the high ones have made the draw
  if ((random & 0xff) < candidates.share(first)) return first;
  return pick_among_all(candidates, mix(random));
}

std::optional<std::size_t> WeightedRandom::pick_among_all(const Candidates& candidates,
                                                          std::uint64_t random) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < ends_.size(); ++i) sum += weight(i) * candidates.share(i);
  if (sum == 0) return std::nullopt;
  std::uint64_t left = scale(random, sum);
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const std::uint64_t own = weight(i) * candidates.share(i);
    if (left < own) return i;
    left -= own;
  }
  return std::nullopt;  // a backend has died since the sum was computed
}

}  // namespace worker::route
