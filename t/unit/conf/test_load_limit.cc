// Tests of conf/load_limit: what it means (what it refuses: data/config/limit_wrong).
#include "conf/load_limit.h"

#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

using Key = conf::ClientLimit::Key;
using Mode = conf::ClientLimit::Mode;

std::vector<conf::ClientLimit> limits(const std::string& value) {
  const auto loaded = conf_test::load(conf_test::with_service("    Limit: " + value + "\n"));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return loaded.config->listeners.at(0).services.at(0).client_limits;
}

std::vector<conf::ClientLimit> listener_limits(const std::string& value) {
  const auto loaded =
      conf_test::load("HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Limit: " + value +
                      "\n  Services:\n  - Redirect: https://www.example.com\n");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  return loaded.config->listeners.at(0).client_limits;
}

conf::ClientLimit limit(const std::string& value) {
  const std::vector<conf::ClientLimit> all = limits(value);
  REQUIRE(all.size() == 1);
  return all[0];
}

}  // namespace

TEST_CASE("load_limit: the defaults") {
  const conf::ClientLimit made = limit("{Rate: 7}");
  CHECK(made.rate == 7);
  CHECK(made.per.count() == 1);
  CHECK(made.burst == 70);
  CHECK(made.connections == 0);
  CHECK(made.mask4 == 32);
  CHECK(made.mask6 == 64);
  CHECK(made.key == Key::address);
  CHECK(made.key_name == "");
  CHECK(made.mode == Mode::enforce);
  CHECK(limits("").empty());
  CHECK(limits("[]").empty());
}

TEST_CASE("load_limit: every key") {
  const conf::ClientLimit made = limit(
      "{Rate: 5, Per: 60, Burst: 9, Mask4: 24, Mask6: 48, Key: 'Cookie Sess', Mode: observe}");
  CHECK(made.rate == 5);
  CHECK(made.per.count() == 60);
  CHECK(made.burst == 9);
  CHECK(made.mask4 == 24);
  CHECK(made.mask6 == 48);
  CHECK(made.key == Key::cookie);
  CHECK(made.key_name == "Sess");
  CHECK(made.mode == Mode::observe);
  CHECK(limit("{Rate: 5, Key: Address}").key == Key::address);
  CHECK(limit("{Rate: 5, Key: header X-Api-Key}").key == Key::header);
  CHECK(limit("{Rate: 5, Key: header X-Api-Key}").key_name == "X-Api-Key");
}

TEST_CASE("load_limit: a list, of which all hold") {
  const std::vector<conf::ClientLimit> all = limits("[{Rate: 5}, {Rate: 100, Per: 3600}]");
  REQUIRE(all.size() == 2);
  CHECK(all[1].rate == 100);
}

TEST_CASE("load_limit: the default burst is at most what comes in a day") {
  CHECK(limit("{Rate: 1, Per: 86400}").burst == 1);
  CHECK(limit("{Rate: 100, Per: 43200}").burst == 200);
  CHECK(limit("{Rate: 100, Per: 8640}").burst == 1000);
  CHECK(limit("{Rate: 100, Per: 8641}").burst == 999);
  CHECK(limit("{Rate: 1000000, Per: 100}").burst == 10'000'000);
}

TEST_CASE("load_limit: the bounds") {
  CHECK(limit("{Rate: 10000}").rate == 10'000);
  CHECK(limit("{Rate: 1000000, Per: 100}").rate == 1'000'000);
  CHECK(limit("{Rate: 1, Burst: 86400}").burst == 86'400);
  CHECK(limit("{Rate: 1000, Burst: 10000000}").burst == 10'000'000);
}

TEST_CASE("load_limit: connections belong to a listener, with a rate or without") {
  const std::vector<conf::ClientLimit> all =
      listener_limits("[{Connections: 65535}, {Connections: 1, Rate: 2}]");
  REQUIRE(all.size() == 2);
  CHECK(all[0].connections == 65'535);
  CHECK(all[0].rate == 0);
  CHECK(all[0].burst == 0);
  CHECK(all[1].connections == 1);
  CHECK(all[1].rate == 2);
}
