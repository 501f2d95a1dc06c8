// `Balance: roundrobin`: in turn, by weight, and as evenly spread as weights allow.
//
// The turns are those of one worker. Each worker begins at a random one, so that many workers with
// few requests each do not all begin with the same backend.
#pragma once

#include <vector>

#include "worker/route/balancer.h"

namespace worker::route {

class RoundRobin final : public Balancer {
 public:
  // `random`: at which turn to begin.
  RoundRobin(std::span<const Member> members, std::uint64_t random);
  // Looks at all backends.
  std::optional<std::size_t> choose(const Candidates& candidates, const Draw& draw) override;

 private:
  struct Turn {
    std::int64_t weight;
    std::int64_t credit = 0;
  };
  std::vector<Turn> turns_;
};

}  // namespace worker::route
