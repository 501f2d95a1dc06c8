// Checks of a backend: their connections, their ends, and what becomes of the backend.
#include "worker/backend/check.h"

#include <doctest/doctest.h>

#include "t/unit/backend/harness.h"
#include "worker/backend/probe.h"

using namespace backend_test;
using shm::CheckResult;

namespace {

constexpr std::uint64_t kWithinMs = 2000;

struct Checking : House {
  explicit Checking(const std::vector<Mode>& modes, const std::string& path = "") : House(modes) {
    for (conf::Backend& one : config) {
      one.check.emplace();
      one.check->path = path;
      one.check->rise = 2;
      one.check->fall = 2;
    }
    probe = std::make_unique<worker::backend::Probe>(
        backends, segment.backends(), health, std::chrono::seconds(60), loop, deadlines, log);
  }
  // The next check begins, by whatever clock.
  void tick() {
    now += 6000;
    probe->tick(now);
  }
  bool has_ended(CheckResult result, unsigned in_a_row) {
    return until([&] {
      const shm::CheckState state = segment.backends().checks().state(0);
      return state.last.result == result && state.in_a_row == in_a_row;
    });
  }
  bool is_live() { return segment.backends().is_live(0); }
  std::string title() { return "backend " + backends[0].title(); }

  std::uint64_t now = 1'000'000;
  worker::backend::Health health{segment.backends(), 0, log, &backends};
  std::unique_ptr<worker::backend::Probe> probe;
};

}  // namespace

TEST_CASE("check: a dead backend comes back after Rise connects, not after one") {
  Checking house({Mode::listening});
  REQUIRE(house.segment.backends().mark_dead(0, shm::DeadReason::refused, 1));
  house.tick();  // plans the first one
  house.tick();
  CHECK(house.has_ended(CheckResult::passed, 1));
  CHECK_FALSE(house.is_live());
  house.tick();
  CHECK(house.until([&] { return house.is_live(); }));
  CHECK(house.fakes[0]->connections() == 2);
  CHECK(house.until([&] { return house.fakes[0]->is_closed(); }));
  CHECK(house.fakes[0]->received().empty());
}

TEST_CASE("check: a live backend dies after Fall failures, with the reason") {
  Checking house({Mode::refusing});
  house.tick();
  house.tick();
  CHECK(house.has_ended(CheckResult::refused, 1));
  CHECK(house.is_live());
  house.tick();
  CHECK(house.until([&] { return !house.is_live(); }));
  CHECK(house.segment.backends().liveness(0).reason == shm::DeadReason::check);
  CHECK(house.lines() ==
        std::vector<std::string>{house.title() + " is dead: check: connection refused"});
  house.tick();
  CHECK(house.has_ended(CheckResult::refused, 1));  // counted from its death
  CHECK(house.lines().empty());
}

TEST_CASE("check: it ends after Within, and no second one begins meanwhile") {
  Checking house({Mode::listening}, "/health");
  house.tick();
  house.tick();
  CHECK(house.until([&] { return house.fakes[0]->received().size() > 10; }));
  house.tick();
  house.turn();
  CHECK(house.fakes[0]->connections() == 1);
  net_test::expire(house.deadlines, kWithinMs);
  CHECK(house.segment.backends().checks().state(0).last.result == CheckResult::timed_out);
  CHECK(house.until([&] { return house.fakes[0]->is_closed(); }));
  house.tick();
  CHECK(house.until([&] { return house.fakes[0]->connections() == 2; }));
}

TEST_CASE("check: each address is tried, and a silent one comes last") {
  Checking house({Mode::refusing, Mode::listening});
  house.heritages[0].addresses.push_back(house.fakes[1]->address());
  house.config[1].check->path = "/";
  house.tick();
  house.tick();
  CHECK(house.has_ended(CheckResult::passed, 1));
  const std::vector<std::string> lines = house.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with(house.title() + " does not answer at "));
}

TEST_CASE("check: the destructor ends one that is under way") {
  Checking house({Mode::listening}, "/health");
  house.tick();
  house.tick();
  CHECK(house.until([&] { return house.fakes[0]->connections() == 1; }));
  house.probe.reset();
  net_test::expire(house.deadlines, kWithinMs);
  house.turn();
  CHECK(house.segment.backends().checks().state(0).last.result == CheckResult::none);
}
