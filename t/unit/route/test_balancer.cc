#include <doctest/doctest.h>

#include <array>
#include <random>
#include <vector>

#include "worker/route/balancer.h"

namespace {

using worker::route::Balancer;

template <std::size_t N>
std::array<int, N> shares(const Balancer& balancer, const std::array<bool, N>& live, int draws) {
  std::mt19937_64 random(20260101);
  std::array<int, N> count{};
  for (int i = 0; i < draws; ++i) {
    const auto choice = balancer.choose(random(), [&](std::size_t b) { return live[b]; });
    REQUIRE(choice);
    ++count[*choice];
  }
  return count;
}

}  // namespace

TEST_CASE("balancer: weights 8, 8, 12 give shares 2:2:3") {
  const std::array<unsigned, 3> weights{8, 8, 12};
  const auto count = shares<3>(Balancer(weights), {true, true, true}, 280000);
  CHECK(count[0] == doctest::Approx(80000).epsilon(0.01));
  CHECK(count[1] == doctest::Approx(80000).epsilon(0.01));
  CHECK(count[2] == doctest::Approx(120000).epsilon(0.01));
}

TEST_CASE("balancer: the share of a dead backend goes to the live ones by their weights") {
  const std::array<unsigned, 3> weights{8, 8, 12};
  const auto count = shares<3>(Balancer(weights), {true, false, true}, 200000);
  CHECK(count[1] == 0);
  CHECK(count[0] == doctest::Approx(80000).epsilon(0.01));
  CHECK(count[2] == doctest::Approx(120000).epsilon(0.01));
}

TEST_CASE("balancer: there is no choice without a live backend") {
  const auto live = [](std::size_t) { return true; };
  const auto dead = [](std::size_t) { return false; };
  CHECK(!Balancer({}).choose(1, live));
  const std::array<unsigned, 2> weights{1, 1};
  CHECK(!Balancer(weights).choose(1, dead));
}

TEST_CASE("balancer: the lowest and highest random numbers choose the first and last backend") {
  const std::array<unsigned, 3> weights{1, 5, 65535};
  const auto live = [](std::size_t) { return true; };
  CHECK(Balancer(weights).choose(0, live) == 0);
  CHECK(Balancer(weights).choose(~std::uint64_t{0}, live) == 2);
}
