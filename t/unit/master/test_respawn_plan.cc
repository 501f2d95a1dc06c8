#include <doctest/doctest.h>

#include "master/clock.h"
#include "master/respawn_plan.h"

using master::RespawnPlan;
using master::WorkerId;

namespace {
constexpr WorkerId kWorker{1, 0};
constexpr WorkerId kOther{1, 1};
}  // namespace

TEST_CASE("respawn plan: a successor comes at once") {
  RespawnPlan plan;
  CHECK(plan.plan(kWorker, 5000, 100) == 0);
  CHECK(plan.due_ms() == 100);
  CHECK(plan.take_due(100) == std::vector<WorkerId>{kWorker});
  CHECK(plan.take_due(100).empty());
  CHECK(plan.due_ms() == master::kNever);
}

TEST_CASE("respawn plan: young deaths in a row wait 1, 2, 4 … 30 seconds") {
  RespawnPlan plan;
  std::vector<std::uint64_t> delays;
  for (int i = 0; i < 10; ++i) delays.push_back(plan.plan(kWorker, 0, 0));
  CHECK(delays ==
        std::vector<std::uint64_t>{0, 0, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000});
}

TEST_CASE("respawn plan: a life of one second is not young, and forgets") {
  RespawnPlan plan;
  for (int i = 0; i < 3; ++i) plan.plan(kWorker, 999, 0);
  CHECK(plan.plan(kWorker, 999, 0) == 2000);
  CHECK(plan.plan(kWorker, 1000, 0) == 0);
  CHECK(plan.plan(kWorker, 999, 0) == 0);
  CHECK(plan.plan(kWorker, 999, 0) == 0);
  CHECK(plan.plan(kWorker, 999, 0) == 1000);
}

TEST_CASE("respawn plan: places do not pay for each other") {
  RespawnPlan plan;
  for (int i = 0; i < 5; ++i) plan.plan(kWorker, 0, 0);
  CHECK(plan.plan(kOther, 0, 7) == 0);
  CHECK(plan.due_ms() == 7);
  CHECK(plan.take_due(7) == std::vector<WorkerId>{kOther});
}

TEST_CASE("respawn plan: due to the millisecond") {
  RespawnPlan plan;
  for (int i = 0; i < 3; ++i) plan.plan(kWorker, 0, 50);
  CHECK(plan.take_due(1049).empty());
  CHECK(plan.take_due(1050) == std::vector<WorkerId>{kWorker});
}

TEST_CASE("respawn plan: a birth that failed is tried again after a second") {
  RespawnPlan plan;
  plan.retry(kWorker, 10);
  CHECK(plan.take_due(1009).empty());
  CHECK(plan.take_due(1010) == std::vector<WorkerId>{kWorker});
}

TEST_CASE("respawn plan: it holds whom it has not handed out") {
  RespawnPlan plan;
  CHECK_FALSE(plan.holds(kWorker));
  plan.plan(kWorker, 5000, 10);
  CHECK(plan.holds(kWorker));
  CHECK_FALSE(plan.holds(kOther));
  plan.take_due(10);
  CHECK_FALSE(plan.holds(kWorker));
}

TEST_CASE("respawn plan: nobody is born after clear") {
  RespawnPlan plan;
  plan.plan(kWorker, 5000, 0);
  plan.clear();
  CHECK(plan.due_ms() == master::kNever);
  CHECK(plan.take_due(1'000'000).empty());
}
