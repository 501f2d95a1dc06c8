// What all balancers have in common.
#include "worker/route/balancer.h"

#include <doctest/doctest.h>

#include <array>

#include "t/unit/route/balancing.h"

namespace {

using conf::Balance;
using route_test::FakeBackends;
using worker::route::make_balancer;
using worker::route::scale;

constexpr std::array kAll{Balance::random, Balance::least, Balance::two, Balance::roundrobin,
                          Balance::hash};

}  // namespace

TEST_CASE("balancer: there is no choice without a backend that has a share") {
  for (const Balance kind : kAll) {
    CAPTURE(static_cast<int>(kind));
    CHECK(!make_balancer(kind, {}, 0)->choose(FakeBackends(0), {.random = 1}));
    const auto balancer = make_balancer(kind, route_test::members({1, 1}), 0);
    FakeBackends backends(2);
    backends.shares = {0, 0};
    CHECK(!balancer->choose(backends, {.random = 1}));
    backends.shares = {0, 1};
    for (std::uint64_t i = 0; i < 1000; ++i) {
      CHECK(balancer->choose(backends, {.random = worker::route::mix(i), .key = i}) == 1);
    }
  }
}

TEST_CASE("balancer: without load, the weights decide") {
  for (const Balance kind : kAll) {
    CAPTURE(static_cast<int>(kind));
    const auto balancer = make_balancer(kind, route_test::members({8, 8, 12, 1}), 0);
    const auto count = route_test::count_choices(*balancer, FakeBackends(4), 1'000'000);
    route_test::check_parts(count, {8, 8, 12, 1});
  }
}

TEST_CASE("balancer: a share is a part of the weight") {
  for (const Balance kind : kAll) {
    CAPTURE(static_cast<int>(kind));
    const auto balancer = make_balancer(kind, route_test::members({8, 8, 12, 8}), 0);
    FakeBackends backends(4);
    backends.shares = {64, 256, 128, 0};
    const auto count = route_test::count_choices(*balancer, backends, 1'000'000);
    CHECK(count.at(3) == 0);
    route_test::check_parts({count[0], count[1], count[2]}, {2, 8, 6});
  }
}

TEST_CASE("balancer: the largest weights and the most backends do not overflow") {
  for (const Balance kind : kAll) {
    CAPTURE(static_cast<int>(kind));
    const auto balancer =
        make_balancer(kind, route_test::members(std::vector<unsigned>(4096, 65535)), 0);
    FakeBackends backends(4096);
    for (std::size_t i = 1; i < 4096; ++i) backends.loads[i] = UINT32_MAX;
    for (std::uint64_t i = 0; i < 20; ++i) {
      CHECK(balancer->choose(backends, {.random = worker::route::mix(i), .key = i}));
    }
  }
}

TEST_CASE("balancer: scale() maps the lowest and the highest number to the ends") {
  CHECK(scale(0, 10) == 0);
  CHECK(scale(~std::uint64_t{0}, 10) == 9);
  CHECK(scale(std::uint64_t{1} << 63, 10) == 5);
  CHECK(scale(~std::uint64_t{0}, 0) == 0);
}

TEST_CASE("balancer: mix() keeps its values, by which keys find their backends") {
  CHECK(worker::route::mix(0) == 0);
  CHECK(worker::route::mix(1) == 0x5692161d100b05e5u);
  CHECK(worker::route::mix(0x0123456789abcdefu) == 12880392674509918508u);
}
