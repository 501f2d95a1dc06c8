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
    probe = std::make_unique<Probe>(backends, segment.backends(), health, std::chrono::seconds(60),
                                    loop, deadlines, log);
  }
  void kill(std::size_t i = 0) {
    REQUIRE(segment.backends().mark_dead(heritages[i].row, shm::DeadReason::refused, kNow));
  }
  // At the real time, which Health uses.
  void suspect(std::string_view why) { probe->suspect(backends[0], why); }
  bool is_live(std::size_t i = 0) { return segment.backends().is_live(heritages[i].row); }
  worker::backend::Health health{segment.backends(), 0, log};
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

TEST_CASE("probe: fault A3: a dead backend is probed after 1, 2 and 4 seconds") {
  Probing house({Mode::listening});
  house.fakes.push_back(std::make_unique<FakeBackend>(Mode::refusing));
  const std::vector<worker::net::SocketAddress> listening = house.heritages[0].addresses;
  house.heritages[0].addresses = {house.fakes[1]->address()};
  house.kill();
  shm::BackendTable& table = house.segment.backends();
  std::uint64_t due = kNow;
  for (const std::uint64_t delay : {1000, 2000, 4000}) {
    house.probe->tick(due + delay - 1);
    CHECK(table.last_probe_ms(house.heritages[0].row) == (due == kNow ? 0 : due));
    due += delay;
    house.probe->tick(due);
    house.turn();
    CHECK(table.last_probe_ms(house.heritages[0].row) == due);
    CHECK(!house.is_live());
  }
  CHECK(house.lines().empty());
  house.publish(0, listening);
  house.probe->tick(due + 8000);
  CHECK(house.until([&] { return house.is_live(); }));
}

TEST_CASE("probe: it does not connect in a turn that another process has claimed") {
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
  house.publish(0, {house.fakes[1]->address()});
  house.probe->tick(kNow + 3 * kPeriodMs);
  CHECK(house.until([&] { return house.is_live(0); }));
}

TEST_CASE("probe: it tries each address of a dead backend until one takes the connection") {
  Probing house({Mode::refusing, Mode::listening});
  house.heritages[0].addresses.push_back(house.fakes[1]->address());
  house.kill();
  house.probe->tick(kNow + kPeriodMs);
  CHECK(house.until([&] { return house.is_live(); }));
  CHECK(house.fakes[1]->connections() == 1);
}

TEST_CASE("probe: fault A1: a suspected backend that accepts a connection stays live") {
  Probing house({Mode::listening});
  house.suspect("no response in time");
  CHECK(house.until([&] { return house.fakes[0]->connections() == 1; }));
  house.turn();
  CHECK(house.is_live());
  const std::string title = "backend " + house.backends[0].title();
  CHECK(house.lines() ==
        std::vector<std::string>{title + " may be dead: no response in time; probing it",
                                 title + " accepts connections, so it stays in use"});
  // Within the next second no further suspicion is followed up.
  house.suspect("no response in time");
  house.turn();
  CHECK(house.fakes[0]->connections() == 1);
  CHECK(house.lines().empty());
}

TEST_CASE("probe: fault A1: a suspected backend is dead if no address takes a connection") {
  Probing house({Mode::refusing, Mode::deaf});
  SUBCASE("it refuses") {
    house.suspect("connection reset");
    CHECK(house.until([&] { return !house.is_live(); }));
    CHECK(house.segment.backends().liveness(0).reason == shm::DeadReason::refused);
    const std::string title = "backend " + house.backends[0].title();
    CHECK(house.lines() ==
          std::vector<std::string>{title + " may be dead: connection reset; probing it",
                                   title + " is dead: Connection refused"});
  }
  SUBCASE("one address refuses, the other one does not answer") {
    house.heritages[0].addresses.push_back(house.fakes[1]->address());
    house.suspect("connection reset");
    house.turn();
    CHECK(house.is_live());
    net_test::expire(house.deadlines, 15'000);  // ConnTO by default, as requests have it
    CHECK(!house.is_live());
    CHECK(house.segment.backends().liveness(0).reason == shm::DeadReason::timeout);
  }
}

TEST_CASE("probe: a dead backend is not suspected") {
  Probing house({Mode::listening});
  house.kill();
  house.suspect("no response in time");
  house.turn();
  CHECK(house.fakes[0]->connections() == 0);
  CHECK(house.lines().empty());
}

TEST_CASE("probe: fault A4: a silent address of a live backend is probed until it answers") {
  Probing house({Mode::listening, Mode::listening});
  house.heritages[0].addresses.push_back(house.fakes[1]->address());
  const worker::net::SocketAddress silent = house.fakes[1]->address();
  house.health.address_is_silent(house.backends[0], silent, ETIMEDOUT);
  house.lines();
  const std::uint64_t now = worker::net::EventLoop::now_ms();
  house.probe->tick(now + 500);
  house.turn();
  CHECK(house.fakes[1]->connections() == 0);
  house.probe->tick(now + 1100);
  const std::string line = "backend " + house.backends[0].title() +
                           " answers again at 127.0.0.1:" + std::to_string(house.fakes[1]->port());
  std::vector<std::string> lines;
  CHECK(house.until([&] { return !(lines = house.lines()).empty(); }));
  CHECK(lines == std::vector<std::string>{line});
  CHECK(house.fakes[0]->connections() == 0);
  house.probe->tick(now + 100'000);
  house.turn();
  CHECK(house.fakes[1]->connections() == 1);
  CHECK(house.is_live());
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

TEST_CASE("probe: a tick closes idle connections to addresses that are gone") {
  Probing house({Mode::listening, Mode::listening});
  house.backends[0].pool.put(house.connect(0));
  house.probe->tick(kNow);
  CHECK(house.backends[0].pool.size() == 1);
  house.publish(0, {house.fakes[1]->address()});
  house.probe->tick(kNow);
  CHECK(house.backends[0].pool.size() == 0);
  CHECK(house.until([&] { return house.fakes[0]->is_closed(); }));
}

TEST_CASE("probe: an attempt goes on with the addresses that it began with") {
  Probing house({Mode::deaf, Mode::listening});
  house.fakes.push_back(std::make_unique<FakeBackend>(Mode::listening));
  house.heritages[0].addresses.push_back(house.fakes[1]->address());
  house.kill();
  house.probe->tick(kNow + kPeriodMs);
  house.publish(0, {house.fakes[2]->address()});
  house.probe->tick(kNow + kPeriodMs);
  net_test::expire(house.deadlines, kConnToMs);
  CHECK(house.until([&] { return house.is_live(); }));
  CHECK(house.fakes[1]->connections() == 1);
  CHECK(house.fakes[2]->connections() == 0);
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
