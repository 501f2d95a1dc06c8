// Weighted random choice among the live backends of one service.
//
// Pure: takes a random number and a test of liveness, returns an index. Made once from the weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace worker::route {

class Balancer {
 public:
  // `weights`: one per backend of the service, each at least 1.
  explicit Balancer(std::span<const unsigned> weights);

  // The index of a live backend, or nothing when no backend is live. The probability of a backend
  // is its weight divided by the sum of the weights of live backends. `random` is uniform over all
  // values of its type. Costs one binary search when the first choice is live.
  template <class IsLive>
  std::optional<std::size_t> choose(std::uint64_t random, const IsLive& is_live) const {
    if (ends_.empty()) return std::nullopt;
    const std::size_t first = at(scale(random, ends_.back()));
    if (is_live(first)) return first;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < ends_.size(); ++i) sum += is_live(i) ? weight(i) : 0;
    if (sum == 0) return std::nullopt;
    // The high bits chose a dead backend; the multiplication mixes in the unused low bits.
    std::uint64_t left = scale(random * 0x9e3779b97f4a7c15u, sum);
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      if (!is_live(i)) continue;
      if (left < weight(i)) return i;
      left -= weight(i);
    }
    return std::nullopt;  // a backend has died since the sum was computed
  }

 private:
  static std::uint64_t scale(std::uint64_t random, std::uint64_t below);
  std::size_t at(std::uint64_t point) const;
  std::uint64_t weight(std::size_t i) const { return ends_[i] - (i == 0 ? 0 : ends_[i - 1]); }

  std::vector<std::uint64_t> ends_;  // running sums of the weights
};

}  // namespace worker::route
