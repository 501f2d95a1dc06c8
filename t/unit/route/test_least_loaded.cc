#include "worker/route/least_loaded.h"

#include <doctest/doctest.h>

#include "t/unit/route/balancing.h"

namespace {

using route_test::FakeBackends;
using worker::route::BetterOfTwo;
using worker::route::LeastLoaded;

// Keeps `in_service` requests in service, of which one at random ends before each choice. Returns
// how many each backend had on average, in thousandths.
std::vector<int> loads_under(worker::route::Balancer& balancer, FakeBackends& backends,
                             int in_service, int rounds) {
  std::mt19937_64 random(20260102);
  std::vector<std::size_t> under_way;
  std::vector<std::uint64_t> sum(backends.loads.size());
  for (int i = 0; i < rounds; ++i) {
    while (under_way.size() < static_cast<std::size_t>(in_service)) {
      const auto choice = balancer.choose(backends, {.random = random()});
      ++backends.loads.at(choice.value());
      under_way.push_back(*choice);
    }
    for (std::size_t b = 0; b < sum.size(); ++b) sum[b] += backends.loads[b];
    std::swap(under_way[random() % under_way.size()], under_way.back());
    --backends.loads[under_way.back()];
    under_way.pop_back();
  }
  std::vector<int> average;
  for (const std::uint64_t one : sum) {
    average.push_back(static_cast<int>(one * 1000 / static_cast<std::uint64_t>(rounds)));
  }
  return average;
}

}  // namespace

TEST_CASE("least_loaded: the least load for its weight wins, whatever the random number") {
  LeastLoaded balancer(route_test::members({1, 4, 2}));
  FakeBackends backends(3);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const worker::route::Draw draw{.random = worker::route::mix(i)};
    backends.loads = {2, 7, 4};
    CHECK(balancer.choose(backends, draw) == 1);
    backends.loads = {2, 9, 4};
    CHECK(balancer.choose(backends, draw) != 1);
    backends.loads = {3, 9, 4};
    CHECK(balancer.choose(backends, draw) == 2);
    backends.loads = {2, 9, 5};
    CHECK(balancer.choose(backends, draw) == 0);
  }
}

TEST_CASE("least_loaded: what is in service is distributed by weight") {
  LeastLoaded balancer(route_test::members({1, 1, 2, 4}));
  FakeBackends backends(4);
  route_test::check_parts(loads_under(balancer, backends, 800, 20'000), {1, 1, 2, 4});
}

TEST_CASE("least_loaded: a backend that is warming up counts with its share") {
  LeastLoaded balancer(route_test::members({4, 4}));
  FakeBackends backends(2);
  backends.shares = {64, 256};
  route_test::check_parts(loads_under(balancer, backends, 500, 20'000), {1, 4});
}

TEST_CASE("least_loaded: equals are chosen by weight") {
  LeastLoaded balancer(route_test::members({1, 3, 4, 8}));
  FakeBackends backends(4);
  backends.loads = {2, 6, 9, 16};
  const auto count = route_test::count_choices(balancer, backends, 600'000);
  CHECK(count.at(2) == 0);
  route_test::check_parts({count[0], count[1], count[3]}, {1, 3, 8});
}

TEST_CASE("better_of_two: two backends are two different ones, so the worst is never chosen") {
  BetterOfTwo balancer(route_test::members({1, 1, 1}));
  FakeBackends backends(3);
  backends.loads = {5, 0, 3};
  // The best one is one of two drawn in two of three draws, and otherwise the second best wins.
  const auto count = route_test::count_choices(balancer, backends, 600'000);
  CHECK(count.at(0) == 0);
  route_test::check_parts({count[1], count[2]}, {2, 1});
}

TEST_CASE("better_of_two: weights count twice, in the draw and in the comparison") {
  BetterOfTwo balancer(route_test::members({1, 2}));
  FakeBackends backends(2);
  backends.loads = {2, 3};
  CHECK(route_test::count_choices(balancer, backends, 100).at(0) == 0);
  backends.loads = {2, 5};
  CHECK(route_test::count_choices(balancer, backends, 100).at(1) == 0);
}

TEST_CASE("better_of_two: of the backends in service, what they get evens out") {
  BetterOfTwo balancer(route_test::members({1, 1, 1, 1}));
  FakeBackends backends(4);
  route_test::check_parts(loads_under(balancer, backends, 800, 40'000), {1, 1, 1, 1});
}

TEST_CASE("better_of_two: a single live backend is chosen however loaded it is") {
  BetterOfTwo balancer(route_test::members({1, 1}));
  FakeBackends backends(2);
  backends.loads = {100, 0};
  backends.shares = {256, 0};
  CHECK(route_test::count_choices(balancer, backends, 100).at(0) == 100);
}
