#include <doctest/doctest.h>

#include "t/unit/backend/harness.h"
#include "worker/backend/probe.h"

using namespace backend_test;
using worker::backend::Probe;

namespace {

constexpr std::uint64_t kPeriodMs = 60'000;
constexpr std::uint64_t kConnToMs = 4'000;
constexpr std::uint64_t kNow = 1'000'000;

struct Probing : House {
  explicit Probing(const std::vector<Mode>& modes) : House(modes) {
    for (conf::Backend& one : config) one.connect_timeout = std::chrono::seconds(4);
    probe = std::make_unique<Probe>(backends, segment.backends(), std::chrono::seconds(60), loop,
                                    deadlines, log);
  }
  void kill(std::size_t i = 0) {
    REQUIRE(segment.backends().mark_dead(heritages[i].row, shm::DeadReason::refused, kNow));
  }
  bool is_live(std::size_t i = 0) { return segment.backends().is_live(heritages[i].row); }
  std::unique_ptr<Probe> probe;
};

}  // namespace

TEST_CASE("probe: it does not connect to a live backend") {
  Probing house({Mode::listening});
  house.probe->tick(kNow + 10 * kPeriodMs);
  house.turn();
  CHECK(house.fakes[0]->connections() == 0);
}

TEST_CASE("probe: a dead backend that accepts a connection becomes live, and the log says so") {
  Probing house({Mode::listening});
  house.kill();
  house.probe->tick(kNow + kPeriodMs);
  CHECK(house.until([&] { return house.is_live(); }));
  const std::vector<std::string> lines = house.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("backend " + house.backends[0].title() + " is live again after "));
  CHECK(lines[0].ends_with(" s"));
  // The probe sends nothing and closes.
  CHECK(house.until([&] { return house.fakes[0]->is_closed(); }));
  CHECK(house.fakes[0]->received().empty());
  house.probe->tick(kNow + 2 * kPeriodMs);
  house.turn();
  CHECK(house.fakes[0]->connections() == 1);
}

TEST_CASE("probe: a failed probe claims one period, and the next probe is due a period later") {
  Probing house({Mode::refusing});
  house.kill();
  shm::BackendTable& table = house.segment.backends();
  // The claims that another process would make.
  house.probe->tick(kNow + kPeriodMs);
  house.turn();
  CHECK(!house.is_live());
  CHECK(!table.claim_probe(house.heritages[0].row, kNow + kPeriodMs, kPeriodMs));
  CHECK(!table.claim_probe(house.heritages[0].row, kNow + 2 * kPeriodMs - 1, kPeriodMs));
  CHECK(table.claim_probe(house.heritages[0].row, kNow + 2 * kPeriodMs, kPeriodMs));
  CHECK(house.lines().empty());
}

TEST_CASE("probe: it does not connect in a period that another process has claimed") {
  Probing house({Mode::listening});
  house.kill();
  REQUIRE(
      house.segment.backends().claim_probe(house.heritages[0].row, kNow + kPeriodMs, kPeriodMs));
  house.probe->tick(kNow + kPeriodMs);
  house.turn();
  CHECK(house.fakes[0]->connections() == 0);
  CHECK(!house.is_live());
}

TEST_CASE("probe: it gives up a connect that hangs, and a later probe succeeds") {
  Probing house({Mode::deaf, Mode::listening});
  house.kill(0);
  house.kill(1);
  house.probe->tick(kNow + kPeriodMs);
  CHECK(house.until([&] { return house.is_live(1); }));
  CHECK(!house.is_live(0));
  // No second attempt begins, and none is claimed, while one hangs.
  house.probe->tick(kNow + 2 * kPeriodMs);
  CHECK(house.segment.backends().claim_probe(house.heritages[0].row, kNow + 2 * kPeriodMs,
                                             kPeriodMs));
  net_test::expire(house.deadlines, kConnToMs);
  house.turn();
  CHECK(!house.is_live(0));
  house.heritages[0].addresses = {house.fakes[1]->address()};
  house.probe->tick(kNow + 3 * kPeriodMs);
  CHECK(house.until([&] { return house.is_live(0); }));
}

TEST_CASE("probe: each probe tries the next address of the backend") {
  Probing house({Mode::refusing, Mode::listening});
  house.heritages[0].addresses.push_back(house.fakes[1]->address());
  house.kill();
  house.probe->tick(kNow + kPeriodMs);
  house.turn();
  CHECK(!house.is_live());
  house.probe->tick(kNow + 2 * kPeriodMs);
  CHECK(house.until([&] { return house.is_live(); }));
  CHECK(house.fakes[1]->connections() == 1);
}

TEST_CASE("probe: it claims no probe of a backend without addresses") {
  Probing house({Mode::listening});
  house.heritages[0].addresses.clear();
  house.kill();
  house.probe->tick(kNow + kPeriodMs);
  house.turn();
  CHECK(!house.is_live());
  CHECK(house.segment.backends().claim_probe(house.heritages[0].row, kNow + kPeriodMs, kPeriodMs));
}

TEST_CASE("probe: its destructor ends an attempt that is under way") {
  Probing house({Mode::deaf});
  house.kill();
  house.probe->tick(kNow + kPeriodMs);
  house.probe.reset();
  net_test::expire(house.deadlines, kConnToMs);
  house.turn();
  CHECK(!house.is_live());
}
