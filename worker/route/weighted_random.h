// `Balance: random`: the probability of a backend is its weight, times its share, divided by the
// sum of these.
#pragma once

#include <vector>

#include "worker/route/balancer.h"

namespace worker::route {

class WeightedRandom final : public Balancer {
 public:
  explicit WeightedRandom(std::span<const Member> members);

  // Costs one binary search when the backend that it finds first has its full share, else a look at
  // all of them.
  std::optional<std::size_t> choose(const Candidates& candidates, const Draw& draw) override {
    return pick(candidates, draw.random);
  }
  std::optional<std::size_t> pick(const Candidates& candidates, std::uint64_t random) const;
  std::uint64_t weight(std::size_t i) const { return ends_[i] - (i == 0 ? 0 : ends_[i - 1]); }

 private:
  std::optional<std::size_t> pick_among_all(const Candidates& candidates,
                                            std::uint64_t random) const;

  std::vector<std::uint64_t> ends_;  // running sums of the weights
};

}  // namespace worker::route
