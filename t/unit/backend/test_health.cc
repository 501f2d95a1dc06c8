#include "worker/backend/health.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "t/unit/backend/harness.h"
#include "worker/backend/connect_error.h"
#include "worker/net/resolve.h"

using namespace backend_test;
using worker::backend::AddressOrder;
using worker::backend::Health;

namespace {

// A backend with three addresses: a, b and c.
struct Three : House {
  Three() : House({Mode::listening, Mode::listening, Mode::listening}) {
    for (std::size_t i = 1; i < 3; ++i) heritages[0].addresses.push_back(fakes[i]->address());
  }
  std::string order() {
    std::string names;
    for (AddressOrder addresses = health.addresses(backends[0]); !addresses.at_end();) {
      const std::uint16_t port = worker::net::port_of(addresses.next());
      for (std::size_t i = 0; i < 3; ++i) {
        if (fakes[i]->port() == port) names += static_cast<char>('a' + i);
      }
      CHECK(worker::net::port_of(addresses.current()) == port);
    }
    return names;
  }
  std::string at(std::size_t i) { return "127.0.0.1:" + std::to_string(fakes[i]->port()); }
  Health health{segment.backends(), 0, log};
};

}  // namespace

TEST_CASE("health: fault A4: an address that does not answer is tried last until it answers") {
  Three house;
  const std::string title = "backend " + house.backends[0].title();
  CHECK(house.order() == "abc");
  house.health.address_is_silent(house.backends[0], house.fakes[0]->address(), ETIMEDOUT);
  CHECK(house.order() == "cba");
  CHECK(house.order() == "bca");
  CHECK(house.lines() == std::vector<std::string>{title + " does not answer at " + house.at(0) +
                                                  ": Connection timed out; its other addresses "
                                                  "are tried first"});
  house.health.address_is_silent(house.backends[0], house.fakes[0]->address(), ETIMEDOUT);
  CHECK(house.lines().empty());
  house.health.address_is_silent(house.backends[0], house.fakes[1]->address(), ECONNREFUSED);
  CHECK(house.order() == "cab");
  house.lines();
  house.health.address_answers(house.backends[0], house.fakes[0]->address());
  CHECK(house.order() == "acb");
  CHECK(house.lines() == std::vector<std::string>{title + " answers again at " + house.at(0)});
  house.health.address_answers(house.backends[0], house.fakes[2]->address());
  CHECK(house.lines().empty());
}

TEST_CASE("health: each request begins with the next address that answers") {
  Three house;
  std::string all;
  for (int i = 0; i < 6; ++i) all += house.order() + " ";
  CHECK(all == "abc bca cab abc bca cab ");
  house.health.address_is_silent(house.backends[0], house.fakes[1]->address(), ETIMEDOUT);
  std::map<std::string, int> count;
  for (int i = 0; i < 8; ++i) ++count[house.order()];
  CHECK(count == std::map<std::string, int>{{"acb", 4}, {"cab", 4}});
}

TEST_CASE("health: workers begin with different addresses") {
  Three house;
  worker::backend::Backend second(house.config[0], house.heritages[0], house.loop, house.deadlines,
                                  house.queues, house.segment.backends().slots(0), 1);
  AddressOrder order = house.health.addresses(second);
  CHECK(order.preferred() == worker::backend::key_of(house.fakes[1]->address()));
  CHECK(worker::net::port_of(order.next()) == house.fakes[1]->port());
}

TEST_CASE("health: 32 addresses have their turns, and all are tried") {
  House house;
  std::vector<worker::net::SocketAddress> many;
  for (int i = 1; i <= 32; ++i) {
    many.push_back(
        worker::net::read_numeric({"127.0.0." + std::to_string(i), 80, false})->addresses.at(0));
  }
  house.publish(0, many);
  Health health(house.segment.backends(), 0, house.log);
  std::set<std::string> began;
  for (int i = 0; i < 32; ++i) {
    std::set<std::string> tried;
    for (AddressOrder order = health.addresses(house.backends[0]); !order.at_end();) {
      const std::string host = worker::net::host_text(order.next());
      if (tried.empty()) began.insert(host);
      tried.insert(host);
    }
    CHECK(tried.size() == 32);
  }
  CHECK(began.size() == 32);
}

TEST_CASE("health: a list that is being tried outlives the next one") {
  Three house;
  AddressOrder order = house.health.addresses(house.backends[0]);
  order.next();
  house.publish(0, {house.fakes[2]->address()});
  CHECK(house.order() == "c");
  CHECK(worker::net::port_of(order.current()) == house.fakes[0]->port());
  CHECK(worker::net::port_of(order.next()) == house.fakes[1]->port());
}

TEST_CASE("health: fault A4: of two addresses, too, the silent one is tried last") {
  House house({Mode::listening, Mode::listening});
  house.heritages[0].addresses.push_back(house.fakes[1]->address());
  Health health(house.segment.backends(), 0, house.log);
  health.address_is_silent(house.backends[0], house.fakes[0]->address(), ETIMEDOUT);
  AddressOrder addresses = health.addresses(house.backends[0]);
  CHECK(worker::net::port_of(addresses.next()) == house.fakes[1]->port());
  CHECK(!addresses.at_end());
  CHECK(worker::net::port_of(addresses.next()) == house.fakes[0]->port());
  CHECK(addresses.at_end());
}

TEST_CASE("health: the order does not change while the addresses are tried") {
  Three house;
  AddressOrder addresses = house.health.addresses(house.backends[0]);
  std::string ports;
  std::string expected;
  while (!addresses.at_end()) {
    const worker::net::SocketAddress& address = addresses.next();
    ports += std::to_string(worker::net::port_of(address)) + " ";
    house.health.address_is_silent(house.backends[0], address, ECONNREFUSED);
  }
  for (const auto& fake : house.fakes) expected += std::to_string(fake->port()) + " ";
  CHECK(ports == expected);
}

TEST_CASE("health: a failure of this machine, or of the only address, is not noted") {
  Three house;
  house.health.address_is_silent(house.backends[0], house.fakes[0]->address(), EMFILE);
  house.health.address_is_silent(house.backends[1], house.fakes[1]->address(), ETIMEDOUT);
  CHECK(house.order() == "abc");
  CHECK(house.lines().empty());
}

TEST_CASE("health: the death and the return of a backend are logged once") {
  House house;
  Health health(house.segment.backends(), 0, house.log);
  const std::string title = "backend " + house.backends[0].title();
  health.backend_is_dead(house.backends[0], ECONNREFUSED);
  health.backend_is_dead(house.backends[0], ETIMEDOUT);
  CHECK(house.segment.backends().liveness(0).reason == shm::DeadReason::refused);
  CHECK(house.lines() == std::vector<std::string>{title + " is dead: Connection refused"});
  health.backend_is_live(house.backends[0]);
  health.backend_is_live(house.backends[0]);
  CHECK(house.segment.backends().is_live(0));
  CHECK(house.lines() == std::vector<std::string>{title + " is live again after 0 s"});
}

TEST_CASE("health: each errno of a connect has its reason; a local one is not the backend's") {
  using shm::DeadReason;
  const std::pair<int, DeadReason> remote[] = {
      {ECONNREFUSED, DeadReason::refused},    {ETIMEDOUT, DeadReason::timeout},
      {ECONNRESET, DeadReason::reset},        {EHOSTUNREACH, DeadReason::unreachable},
      {ENETUNREACH, DeadReason::unreachable}, {EACCES, DeadReason::other}};
  for (const auto& [error, reason] : remote) {
    CAPTURE(error);
    CHECK(worker::backend::dead_reason(error) == reason);
    CHECK_FALSE(worker::backend::is_local_failure(error));
  }
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EAGAIN}) {
    CAPTURE(error);
    CHECK(worker::backend::is_local_failure(error));
  }
}

namespace {

// Three backends with Eject, in the services given by their numbers.
struct Ejected : House {
  explicit Ejected(const std::vector<std::vector<std::size_t>>& services)
      : House({Mode::listening, Mode::listening, Mode::listening}) {
    site.listeners.resize(1);
    for (const auto& backends_of : services) {
      site.listeners[0].services.emplace_back().backends = backends_of;
    }
    for (std::size_t i = 0; i < 3; ++i) {
      config[i].eject.emplace(conf::Eject{.errors = 2});
      heritages[i].row = *segment.backends().enroll(i + 1, 8, 0);
    }
    all = worker::backend::Backends();
    for (std::size_t i = 0; i < 3; ++i) {
      all.add(std::make_unique<worker::backend::Backend>(
          config[i], heritages[i], loop, deadlines, queues,
          segment.backends().slots(heritages[i].row)));
    }
    all.find_lists(site);
  }
  void fail(std::size_t i, int times = 2) {
    for (int k = 0; k < times; ++k) health.response_came(all[i], 503);
  }
  unsigned share(std::size_t i) { return health.share(all[i]); }

  conf::Config site;
  worker::backend::Backends all;
  Health health{segment.backends(), 0, log, &all};
};

}  // namespace

TEST_CASE("health: which statuses are errors of the backend") {
  for (const int status : {500, 502, 503, 504, 599}) CHECK(Health::is_error(status));
  for (const int status : {200, 404, 499, 501, 505, 600}) CHECK_FALSE(Health::is_error(status));
}

TEST_CASE("health: a backend with too many errors is ejected, and the log says so once") {
  Ejected house({{0, 1, 2}});
  house.fail(0, 1);
  CHECK(house.share(0) == worker::backend::kFullShare);
  house.health.response_failed(house.all[0], "backend_reset");
  CHECK(house.share(0) == 0);
  house.fail(0, 5);
  CHECK(house.lines() ==
        std::vector<std::string>{"backend " + house.all[0].title() +
                                 " is ejected for 30 s: 2 errors in 10 s, the last one: "
                                 "backend_reset"});
  CHECK(house.share(1) == worker::backend::kFullShare);
}

TEST_CASE("health: the last one of any service is not ejected") {
  Ejected house({{0, 1}, {0, 2}});
  house.fail(1);
  CHECK(house.share(1) == 0);
  house.lines();
  house.fail(0);  // the other one of its first service is ejected
  CHECK(house.share(0) == worker::backend::kFullShare);
  house.fail(0);
  CHECK(house.lines() ==
        std::vector<std::string>{"backend " + house.all[0].title() +
                                 " stays in use despite 2 errors in 10 s, the last one: HTTP 503; "
                                 "a service has no other live backend"});
}

TEST_CASE("health: an ejected backend is used when the others die later") {
  Ejected house({{0, 1}});
  house.fail(0);
  CHECK(house.share(0) == 0);
  house.health.backend_is_dead(house.all[1], ECONNREFUSED);
  CHECK(house.share(0) == worker::backend::kFullShare);
  CHECK(house.share(1) == 0);
  house.health.backend_is_live(house.all[1]);
  CHECK(house.share(0) == 0);
}

TEST_CASE("health: two that are ejected at once are both used") {
  Ejected house({{0, 1}});
  const std::uint64_t now = worker::net::EventLoop::now_ms();
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(house.segment.backends().ejections().eject(house.heritages[i].row, 30'000, now));
  }
  CHECK(house.share(0) == worker::backend::kFullShare);
  CHECK(house.share(1) == worker::backend::kFullShare);
}

TEST_CASE("health: neither a disabled backend nor an emergency one lets the last one go") {
  Ejected house({{0, 1}});
  shm::AdminStates& admin = house.segment.backends().admin();
  REQUIRE(admin.set(house.heritages[1].row, shm::AdminState::drained, 0, 1));
  house.fail(0);
  CHECK(house.share(0) == worker::backend::kFullShare);
  REQUIRE(admin.set(house.heritages[1].row, shm::AdminState::enabled, 0, 1));
  house.fail(0, 1);
  CHECK(house.share(0) == 0);
}

TEST_CASE("health: the last one of Emergency is not ejected") {
  Ejected house({{0, 2}});
  house.site.listeners[0].services[0].emergency = {1};
  house.all.find_lists(house.site);
  house.fail(1);
  CHECK(house.share(1) == worker::backend::kFullShare);
}
