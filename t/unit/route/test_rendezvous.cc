#include "worker/route/rendezvous.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "t/unit/route/balancing.h"
#include "worker/route/hash_key.h"

namespace {

using route_test::FakeBackends;
using worker::route::Member;
using worker::route::minus_log2;
using worker::route::Rendezvous;

constexpr std::uint64_t kKeys = 200'000;

std::vector<Member> servers(const std::vector<unsigned>& weights) {
  std::vector<Member> made;
  for (const unsigned weight : weights) {
    const std::string name = "192.0.2." + std::to_string(made.size() + 1) + ":80";
    made.push_back({weight, worker::route::fixed_hash(name)});
  }
  return made;
}

std::size_t choice(Rendezvous& balancer, const FakeBackends& backends, std::uint64_t key) {
  return balancer.choose(backends, {.random = 0, .key = worker::route::mix(key)}).value();
}

}  // namespace

TEST_CASE("rendezvous: the logarithm is that of the library, and never rises") {
  for (int bits = 0; bits < 64; ++bits) {
    for (const std::uint64_t more : {0u, 1u, 12345u, 0x7fffffffu}) {
      const std::uint64_t hash = (std::uint64_t{1} << bits) + (more << bits >> 32);
      const double expected = 64 - std::log2(static_cast<double>(hash));
      CHECK(static_cast<double>(minus_log2(hash)) / 4294967296.0 ==
            doctest::Approx(expected).epsilon(1e-5));
    }
  }
  CHECK(minus_log2(0) == std::uint64_t{64} << 32);
  CHECK(minus_log2(1) == std::uint64_t{64} << 32);
  CHECK(minus_log2(~std::uint64_t{0}) == 1);
  CHECK(minus_log2(std::uint64_t{1} << 63) == std::uint64_t{1} << 32);
  bool rises = false;
  std::uint64_t last = minus_log2(0);
  for (std::uint64_t i = 1; i < 100'000; ++i) {
    const std::uint64_t now = minus_log2(i * (~std::uint64_t{0} / 100'000));
    rises = rises || now > last;
    last = now;
  }
  CHECK(!rises);
}

TEST_CASE("rendezvous: the parts are those of the weights, also of very unequal ones") {
  Rendezvous balancer(servers({1, 10, 100}));
  const auto count = route_test::count_choices(balancer, FakeBackends(3), 2'000'000);
  route_test::check_parts(count, {1, 10, 100});
}

TEST_CASE("rendezvous: the removal of one of ten backends moves its keys only, at most 12 %") {
  Rendezvous balancer(servers(std::vector<unsigned>(10, 8)));
  for (std::size_t removed = 0; removed < 10; ++removed) {
    FakeBackends without(10);
    without.shares[removed] = 0;
    std::vector<int> heirs(10);
    std::uint64_t moved = 0;
    std::uint64_t moved_from_others = 0;
    for (std::uint64_t key = 0; key < kKeys; ++key) {
      const std::size_t before = choice(balancer, FakeBackends(10), key);
      const std::size_t after = choice(balancer, without, key);
      if (before == after) continue;
      if (before != removed) ++moved_from_others;
      ++moved;
      ++heirs[after];
    }
    CHECK(moved_from_others == 0);
    CHECK(moved > kKeys * 8 / 100);
    CHECK(moved < kKeys * 12 / 100);
    CHECK(*std::ranges::max_element(heirs) < static_cast<int>(moved / 9 * 5 / 4));
  }
}

TEST_CASE("rendezvous: a backend that is removed from the list is as one that is dead") {
  std::vector<Member> members = servers({8, 8, 8, 8});
  Rendezvous all(members);
  FakeBackends without(4);
  without.shares[1] = 0;
  members.erase(members.begin() + 1);
  Rendezvous rest(members);
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    const std::size_t left = choice(rest, FakeBackends(3), key);
    CHECK(choice(all, without, key) == (left == 0 ? 0 : left + 1));
  }
}

TEST_CASE("rendezvous: neither the order of the backends nor a random number matters") {
  std::vector<Member> members = servers({8, 4, 4, 1, 8});
  Rendezvous one(members);
  std::ranges::reverse(members);
  Rendezvous other(members);
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    const auto there = other.choose(
        FakeBackends(5), {.random = key * 0x9e3779b97f4a7c15u, .key = worker::route::mix(key)});
    CHECK(choice(one, FakeBackends(5), key) == 4 - *there);
  }
}

TEST_CASE("rendezvous: more weight takes keys from others and gives none away") {
  Rendezvous before(servers({4, 4, 4}));
  Rendezvous after(servers({4, 8, 4}));
  for (std::uint64_t key = 0; key < 50'000; ++key) {
    const std::size_t now = choice(after, FakeBackends(3), key);
    if (choice(before, FakeBackends(3), key) != now) CHECK(now == 1);
  }
}

TEST_CASE("rendezvous: every build and machine chooses these backends") {
  Rendezvous balancer(servers({8, 8, 8, 3, 1}));
  std::string choices;
  for (std::uint64_t key = 0; key < 40; ++key) {
    const std::string text = "key " + std::to_string(key);
    const auto made =
        balancer.choose(FakeBackends(5), {.random = 0, .key = worker::route::fixed_hash(text)});
    choices += std::to_string(*made);
  }
  CHECK(choices == "1220104112230131101401313232121012210302");
}
