#include <doctest/doctest.h>

#include "master/clock.h"
#include "master/respawn_plan.h"

using master::RespawnPlan;
using master::WorkerId;

namespace {
constexpr WorkerId kFirst{1, 0};
constexpr WorkerId kOther{1, 1};
}  // namespace

TEST_CASE("respawn plan: a successor is due at once") {
  RespawnPlan plan;
  CHECK(plan.plan(kFirst, 5000, 100) == 0);
  CHECK(plan.due_ms() == 100);
  CHECK(plan.take_due(100) == std::vector<WorkerId>{kFirst});
  CHECK(plan.take_due(100).empty());
  CHECK(plan.due_ms() == master::kNever);
}

TEST_CASE("respawn plan: after young deaths in a row the delay is 1, 2, 4 … 30 seconds") {
  RespawnPlan plan;
  std::vector<std::uint64_t> delays;
  for (int i = 0; i < 10; ++i) delays.push_back(plan.plan(kFirst, 0, 0));
  CHECK(delays ==
        std::vector<std::uint64_t>{0, 0, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000});
}

TEST_CASE("respawn plan: a death after one second is not young and ends the row") {
  RespawnPlan plan;
  for (int i = 0; i < 3; ++i) plan.plan(kFirst, 999, 0);
  CHECK(plan.plan(kFirst, 999, 0) == 2000);
  CHECK(plan.plan(kFirst, 1000, 0) == 0);
  CHECK(plan.plan(kFirst, 999, 0) == 0);
  CHECK(plan.plan(kFirst, 999, 0) == 0);
  CHECK(plan.plan(kFirst, 999, 0) == 1000);
}

TEST_CASE("respawn plan: the deaths of one worker do not delay another") {
  RespawnPlan plan;
  for (int i = 0; i < 5; ++i) plan.plan(kFirst, 0, 0);
  CHECK(plan.plan(kOther, 0, 7) == 0);
  CHECK(plan.due_ms() == 7);
  CHECK(plan.take_due(7) == std::vector<WorkerId>{kOther});
}

TEST_CASE("respawn plan: a successor is due to the millisecond") {
  RespawnPlan plan;
  for (int i = 0; i < 3; ++i) plan.plan(kFirst, 0, 50);
  CHECK(plan.take_due(1049).empty());
  CHECK(plan.take_due(1050) == std::vector<WorkerId>{kFirst});
}

TEST_CASE("respawn plan: a failed start is tried again after a second") {
  RespawnPlan plan;
  plan.retry(kFirst, 10);
  CHECK(plan.take_due(1009).empty());
  CHECK(plan.take_due(1010) == std::vector<WorkerId>{kFirst});
}

TEST_CASE("respawn plan: it holds a worker until that is due and taken") {
  RespawnPlan plan;
  CHECK_FALSE(plan.holds(kFirst));
  plan.plan(kFirst, 5000, 10);
  CHECK(plan.holds(kFirst));
  CHECK_FALSE(plan.holds(kOther));
  plan.take_due(10);
  CHECK_FALSE(plan.holds(kFirst));
}

TEST_CASE("respawn plan: nothing is planned after clear") {
  RespawnPlan plan;
  plan.plan(kFirst, 5000, 0);
  plan.clear();
  CHECK(plan.due_ms() == master::kNever);
  CHECK(plan.take_due(1'000'000).empty());
}
