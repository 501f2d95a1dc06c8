#include "worker/route/weighted_random.h"

#include <doctest/doctest.h>

#include "t/unit/route/balancing.h"

namespace {

using route_test::FakeBackends;
using worker::route::WeightedRandom;

}  // namespace

TEST_CASE("weighted_random: the part of a dead backend goes to the live ones by their weights") {
  WeightedRandom balancer(route_test::members({8, 8, 12}));
  FakeBackends backends(3);
  backends.shares[1] = 0;
  const auto count = route_test::count_choices(balancer, backends, 400'000);
  CHECK(count.at(1) == 0);
  route_test::check_parts({count[0], count[2]}, {8, 12});
}

TEST_CASE("weighted_random: the lowest and highest random numbers choose the first and the last") {
  const WeightedRandom balancer(route_test::members({1, 5, 65535}));
  CHECK(balancer.pick(FakeBackends(3), 0) == 0);
  CHECK(balancer.pick(FakeBackends(3), ~std::uint64_t{0}) == 2);
}

TEST_CASE("weighted_random: the weights are those it was made of") {
  const WeightedRandom balancer(route_test::members({3, 5, 65535}));
  CHECK(balancer.weight(0) == 3);
  CHECK(balancer.weight(1) == 5);
  CHECK(balancer.weight(2) == 65535);
}
