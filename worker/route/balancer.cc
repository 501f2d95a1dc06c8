// Weighted random choice: see balancer.h.
#include "worker/route/balancer.h"

#include <algorithm>

namespace worker::route {

Balancer::Balancer(std::span<const unsigned> weights) {
  std::uint64_t sum = 0;
  for (const unsigned weight : weights) ends_.push_back(sum += weight);
}

std::uint64_t Balancer::scale(std::uint64_t random, std::uint64_t below) {
  // The high half of the product is uniform in [0, below) with a bias below 2^-40, and takes
  // neither a division nor a loop.
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(random) * below) >> 64);
}

std::size_t Balancer::at(std::uint64_t point) const {
  return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), point) -
                                  ends_.begin());
}

}  // namespace worker::route
