// `Balance: least` and `two`: the backend with the least load for its weight.
//
// Both compare the load divided by weight times share. `least` looks at all backends, which takes
// as many reads of memory that others write as there are backends times workers; `two` looks at
// two.
#pragma once

#include <vector>

#include "worker/route/balancer.h"
#include "worker/route/weighted_random.h"

namespace worker::route {

// Among equals, by weight at random.
class LeastLoaded final : public Balancer {
 public:
  explicit LeastLoaded(std::span<const Member> members);
  std::optional<std::size_t> choose(const Candidates& candidates, const Draw& draw) override;

 private:
  std::vector<std::uint64_t> weights_;
};

// Draws two backends by weight at random and takes the better one, or the first of equals. Workers
// that choose at the same time do not all find the same backend.
class BetterOfTwo final : public Balancer {
 public:
  explicit BetterOfTwo(std::span<const Member> members) : random_(members) {}
  std::optional<std::size_t> choose(const Candidates& candidates, const Draw& draw) override;

 private:
  WeightedRandom random_;
};

}  // namespace worker::route
