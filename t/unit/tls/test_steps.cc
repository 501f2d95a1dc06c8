#include "worker/tls/steps.h"

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <vector>

using worker::tls::Step;
using worker::tls::Steps;

namespace {

Steps count(std::vector<int>& done, int to) {
  for (int i = 1; i <= to; ++i) {
    done.push_back(i);
    if (i < to) co_yield Step{};
  }
}

Steps hold(std::shared_ptr<int> value) {
  co_yield Step{};
  ++*value;
}

Steps fail() {
  co_yield Step{};
  throw std::runtime_error("out of steps");
}

}  // namespace

TEST_CASE("steps: each call does one step, and the first call begins") {
  std::vector<int> done;
  Steps steps = count(done, 3);
  CHECK(done.empty());
  CHECK(steps.next());
  CHECK(done == std::vector{1});
  CHECK(steps.next());
  CHECK_FALSE(steps.next());
  CHECK(done == std::vector{1, 2, 3});
  CHECK_FALSE(steps.next());
  CHECK(done.size() == 3);
}

TEST_CASE("steps: work that is given up destroys what it holds and does no more") {
  const auto value = std::make_shared<int>(0);
  {
    Steps steps = hold(value);
    CHECK(steps.next());
    CHECK(value.use_count() == 2);
  }
  CHECK(value.use_count() == 1);
  CHECK(*value == 0);
}

TEST_CASE("steps: an exception leaves next(), and the work is over") {
  Steps steps = fail();
  CHECK(steps.next());
  CHECK_THROWS_WITH_AS(steps.next(), "out of steps", std::runtime_error);
  CHECK_FALSE(steps.next());
}
