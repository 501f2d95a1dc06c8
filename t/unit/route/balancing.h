// Backends without connections, for tests of balancers.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "worker/route/balancer.h"

namespace route_test {

class FakeBackends final : public worker::route::Candidates {
 public:
  explicit FakeBackends(std::size_t count)
      : shares(count, worker::route::kFullShare), loads(count, 0) {}
  unsigned share(std::size_t index) const override { return shares.at(index); }
  std::uint32_t load(std::size_t index) const override { return loads.at(index); }

  std::vector<unsigned> shares;
  std::vector<std::uint32_t> loads;
};

inline std::vector<worker::route::Member> members(const std::vector<unsigned>& weights) {
  std::vector<worker::route::Member> made;
  for (const unsigned weight : weights) {
    made.push_back({.weight = weight, .identity = worker::route::mix(made.size() + 1)});
  }
  return made;
}

// How often each backend is chosen, of `draws` choices; random numbers and keys are the same in
// every run.
inline std::vector<int> count_choices(worker::route::Balancer& balancer,
                                      const FakeBackends& backends, int draws) {
  std::mt19937_64 random(20260101);
  std::vector<int> count(backends.shares.size());
  for (int i = 0; i < draws; ++i) {
    const std::uint64_t number = random();
    const auto choice = balancer.choose(backends, {.random = number, .key = random()});
    ++count.at(choice.value());
  }
  return count;
}

// Each count is within 2 % of its part of the sum.
inline void check_parts(const std::vector<int>& count, const std::vector<double>& parts) {
  double sum = 0;
  double all = 0;
  for (const double part : parts) sum += part;
  for (const int one : count) all += one;
  REQUIRE(count.size() == parts.size());
  for (std::size_t i = 0; i < count.size(); ++i) {
    const double expected = all * parts[i] / sum;
    CAPTURE(i);
    CHECK(count[i] >= expected * 0.98);
    CHECK(count[i] <= expected * 1.02);
  }
}

}  // namespace route_test
