// How often a client may ask: the limits of a listener and of a service.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

conf::ClientLimit limit(unsigned burst, conf::ClientLimit::Mode mode) {
  conf::ClientLimit made;
  made.rate = 1;
  made.per = std::chrono::seconds(3600);
  made.burst = burst;
  made.mode = mode;
  return made;
}

conf::ClientLimit enforced(unsigned burst) {
  return limit(burst, conf::ClientLimit::Mode::enforce);
}

std::string refused_record(World& world, const std::string& service) {
  return R"("GET / HTTP/1.1" 429 )" + std::to_string(world.pages.body(429).size()) + " " + service +
         " - reason=rate_limited";
}

void redirect(conf::Config& config) {
  conf::Redirect redirect;
  redirect.scheme = "https://";
  redirect.host = "b.test";
  redirect.path = "/";
  config.listeners[0].services[0].redirect = redirect;
}

// Asks until the first answer that is not a redirect, and returns how many were.
unsigned redirects(World& world) {
  for (unsigned count = 0; count < 100; ++count) {
    FakeExchange& client = world.add_client();
    world.get(client);
    REQUIRE(client.ended);
    if (client.calls.at(1).find("302") == std::string::npos) return count;
  }
  return 100;
}

}  // namespace

TEST_CASE("transaction limits: the limit of a listener comes before the route") {
  World world({.change = [](conf::Config& config) {
    config.listeners[0].client_limits = {enforced(1)};
    config.listeners[0].services.clear();
  }});
  world.get();
  CHECK(world.client().calls == Calls{"accept", "answer 404", "end whole"});
  world.records();
  FakeExchange& other = world.add_client();
  world.get(other);
  check_end(world, other, {"accept", "answer 429 Retry-After: 3600", "end whole"},
            refused_record(world, "192.0.2.1:80"));
  CHECK(other.page == world.pages.body(429));
}

TEST_CASE("transaction limits: the limit of a service counts redirects, too") {
  World world({.change = [](conf::Config& config) {
    redirect(config);
    config.listeners[0].services[0].client_limits = {enforced(3)};
  }});
  CHECK(redirects(world) == 3);
  world.records();
  FakeExchange& other = world.add_client();
  world.get(other);
  check_end(world, other, {"accept", "answer 429 Retry-After: 3600", "end whole"},
            refused_record(world, "192.0.2.1:80/1"));
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE("transaction limits: all limits hold, and one that refuses ends the count") {
  World world({.change = [](conf::Config& config) {
    redirect(config);
    config.listeners[0].client_limits = {enforced(5)};
    config.listeners[0].services[0].client_limits = {enforced(9), enforced(2), enforced(9)};
  }});
  CHECK(redirects(world) == 2);
  CHECK(redirects(world) == 0);
  CHECK(redirects(world) == 0);
  CHECK(redirects(world) == 0);
  const auto passed = [&](std::uint32_t row) {
    return world.segment.limits().counters(row).passed;
  };
  const auto over = [&](std::uint32_t row) { return world.segment.limits().counters(row).over; };
  CHECK(passed(0) == 5);
  CHECK(over(0) == 1);
  CHECK(passed(1) == 5);
  CHECK(passed(2) == 2);
  CHECK(over(2) == 3);
  CHECK(passed(3) == 2);
  CHECK(over(3) == 0);
}

TEST_CASE("transaction limits: a request that is malformed does not count") {
  World world({.change = [](conf::Config& config) {
    redirect(config);
    config.listeners[0].client_limits = {enforced(2)};
  }});
  for (unsigned i = 0; i < 5; ++i) {
    FakeExchange& client = world.add_client();
    world.ask(client, "GET /#a HTTP/1.1\r\nHost: a.test\r\n\r\n");
    CHECK(client.calls.at(0) == "answer 400 refused");
  }
  CHECK(redirects(world) == 2);
}

TEST_CASE("transaction limits: an observer refuses nothing, and says so once in ten seconds") {
  World world({.change = [](conf::Config& config) {
    redirect(config);
    config.listeners[0].services[0].client_limits = {limit(2, conf::ClientLimit::Mode::observe)};
  }});
  CHECK(redirects(world) == 100);
  CHECK(world.lines() ==
        Calls{"service 192.0.2.1:80/1: Limit 1 observes: client 192.0.2.7 is over its rate"});
  CHECK(world.segment.limits().counters(0).passed == 2);
  CHECK(world.segment.limits().counters(0).over == 98);
  CHECK(world.segment.limits().top().merged(10) ==
        std::vector<shm::TopClient>{{"192.0.2.7", 98, 0}});
}
