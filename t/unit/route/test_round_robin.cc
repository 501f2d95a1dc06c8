#include "worker/route/round_robin.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "t/unit/route/balancing.h"

namespace {

using route_test::FakeBackends;
using worker::route::RoundRobin;

// The next choices as letters.
std::string turns(RoundRobin& balancer, const FakeBackends& backends, int count) {
  std::string names;
  for (int i = 0; i < count; ++i) {
    const auto choice = balancer.choose(backends, {.random = 0});
    names += choice ? static_cast<char>('A' + *choice) : '-';
  }
  return names;
}

}  // namespace

TEST_CASE("round_robin: equal weights take turns") {
  RoundRobin balancer(route_test::members({8, 8, 8}), 0);
  CHECK(turns(balancer, FakeBackends(3), 7) == "ABCABCA");
}

TEST_CASE("round_robin: turns of a heavy backend are spread among the others") {
  RoundRobin balancer(route_test::members({5, 1, 1}), 0);
  CHECK(turns(balancer, FakeBackends(3), 14) == "AABACAAAABACAA");
}

TEST_CASE("round_robin: every period has the exact number of each") {
  RoundRobin balancer(route_test::members({3, 7, 2}), 5);
  for (int period = 0; period < 5; ++period) {
    const std::string names = turns(balancer, FakeBackends(3), 12);
    CHECK(std::ranges::count(names, 'A') == 3);
    CHECK(std::ranges::count(names, 'B') == 7);
    CHECK(std::ranges::count(names, 'C') == 2);
  }
}

TEST_CASE("round_robin: the random start is at any turn of the period, each as likely") {
  std::vector<int> first(3);
  constexpr int kStarts = 30'000;
  for (int i = 0; i < kStarts; ++i) {
    RoundRobin balancer(route_test::members({4, 2, 2}),
                        static_cast<std::uint64_t>(i) * (~std::uint64_t{0} / kStarts));
    ++first.at(*balancer.choose(FakeBackends(3), {.random = 0}));
  }
  route_test::check_parts(first, {4, 2, 2});
}

TEST_CASE("round_robin: a dead backend is passed over and gets no arrears") {
  RoundRobin balancer(route_test::members({1, 1, 1}), 0);
  FakeBackends backends(3);
  backends.shares[1] = 0;
  CHECK(turns(balancer, backends, 6) == "ACACAC");
  backends.shares[1] = 256;
  CHECK(turns(balancer, backends, 6) == "ABCABC");
  backends.shares = {0, 0, 0};
  CHECK(turns(balancer, backends, 2) == "--");
}

TEST_CASE("round_robin: a backend that is warming up has turns by its share") {
  RoundRobin balancer(route_test::members({1, 1}), 0);
  FakeBackends backends(2);
  backends.shares[1] = 64;
  const std::string names = turns(balancer, backends, 50);
  CHECK(std::ranges::count(names, 'B') == 10);
}
