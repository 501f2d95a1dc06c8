// Response times: buckets that hold what they should, and percentiles to the bucket.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "shm/latency.h"
#include "t/unit/shm/children.h"

using shm::kLatencyBuckets;
using shm::kLatencyMemory;
using shm::LatencyCells;
using shm::LatencySums;

namespace {

LatencySums sums_of(const LatencyCells& cells) {
  LatencySums sums;
  sums.add(cells);
  return sums;
}

}  // namespace

TEST_CASE("every time is within an eighth of its bucket's middle, or 16 us") {
  std::uint32_t before = 0;
  for (std::uint64_t us = 0; us < (std::uint64_t{1} << 37); us += 1 + us / 997) {
    const std::uint32_t bucket = shm::latency_bucket(us);
    REQUIRE(bucket < kLatencyBuckets);
    REQUIRE((bucket == before || bucket == before + 1));
    before = bucket;
    const std::uint64_t middle = shm::latency_middle_us(bucket);
    const std::uint64_t off = middle > us ? middle - us : us - middle;
    REQUIRE(off <= std::max<std::uint64_t>(16, us / 8));
  }
  CHECK(before == kLatencyBuckets - 1);
}

TEST_CASE("times above 38 hours are in the last bucket") {
  CHECK(shm::latency_bucket((std::uint64_t{1} << 37) - 1) == kLatencyBuckets - 1);
  CHECK(shm::latency_bucket(std::uint64_t{1} << 37) == kLatencyBuckets - 1);
  CHECK(shm::latency_bucket(~std::uint64_t{0}) == kLatencyBuckets - 1);
}

TEST_CASE("percentiles") {
  LatencyCells cells;
  CHECK(sums_of(cells).percentile_us(50) == std::nullopt);
  cells.count(1000);
  CHECK(sums_of(cells).percentile_us(50) == shm::latency_middle_us(shm::latency_bucket(1000)));
  CHECK(sums_of(cells).percentile_us(99) == sums_of(cells).percentile_us(50));
  for (int i = 0; i < 98; ++i) cells.count(1000);
  cells.count(50'000);
  CHECK(sums_of(cells).total() == 100);
  CHECK(sums_of(cells).percentile_us(99) == shm::latency_middle_us(shm::latency_bucket(1000)));
  CHECK(sums_of(cells).percentile_us(100) == shm::latency_middle_us(shm::latency_bucket(50'000)));
  cells.count(50'000);
  CHECK(sums_of(cells).percentile_us(99) == shm::latency_middle_us(shm::latency_bucket(50'000)));
  cells.clear();
  CHECK(sums_of(cells).total() == 0);
}

TEST_CASE("several processes add up") {
  LatencyCells one, two;
  one.count(100);
  two.count(900'000);
  LatencySums sums = sums_of(one);
  sums.add(two);
  CHECK(sums.total() == 2);
  CHECK(sums.percentile_us(50) == shm::latency_middle_us(shm::latency_bucket(100)));
  CHECK(sums.percentile_us(99) == shm::latency_middle_us(shm::latency_bucket(900'000)));
}

TEST_CASE("sums of several backends add up") {
  LatencyCells one, two;
  one.count(100);
  two.count(900'000);
  LatencySums sums = sums_of(one);
  sums.add(sums_of(two));
  CHECK(sums.total() == 2);
  CHECK(sums.percentile_us(50) == shm::latency_middle_us(shm::latency_bucket(100)));
  CHECK(sums.percentile_us(99) == shm::latency_middle_us(shm::latency_bucket(900'000)));
}

TEST_CASE("old times fade: at kLatencyMemory the cells are halved") {
  LatencyCells cells;
  for (std::uint32_t i = 0; i < kLatencyMemory - 1; ++i) cells.count(1000);
  CHECK(sums_of(cells).total() == kLatencyMemory - 1);
  cells.count(1000);
  CHECK(sums_of(cells).total() == kLatencyMemory / 2);
  for (std::uint32_t i = 0; i < 3 * kLatencyMemory; ++i) cells.count(9000);
  CHECK(sums_of(cells).percentile_us(50) == shm::latency_middle_us(shm::latency_bucket(9000)));
  CHECK(sums_of(cells).total() < kLatencyMemory);
}

TEST_CASE("cells that a killed process left in any state go on counting") {
  children::Shared<LatencyCells> cells;
  for (unsigned round = 0; round < children::kRounds; ++round) {
    const pid_t child = children::start([&] {
      for (;;) cells->count(1000);
      return true;
    });
    while (sums_of(*cells).total() == 0) {
    }
    ::kill(child, SIGKILL);
    CHECK(children::killed(children::wait_for(child)));
    for (std::uint32_t i = 0; i < 2 * kLatencyMemory; ++i) cells->count(9000);
    const LatencySums sums = sums_of(*cells);
    CHECK(sums.total() >= kLatencyMemory / 2 - kLatencyBuckets);
    CHECK(sums.total() <= kLatencyMemory);
    CHECK(sums.percentile_us(50) == shm::latency_middle_us(shm::latency_bucket(9000)));
  }
}
