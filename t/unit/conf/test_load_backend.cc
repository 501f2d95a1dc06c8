// Tests of conf/load_backend: each key of a backend, each default, and its name.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

using Lines = std::vector<std::string>;

// The backends of a text in which one service uses all of them.
std::vector<conf::Backend> backends(const std::string& items) {
  const auto loaded =
      conf_test::load("Backends: &all\n" + items +
                      "HTTPListeners: [{Address: '::1', Port: 1, Services: [{Backends: *all}]}]\n");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  CHECK(loaded.config->listeners[0].services[0].backends.size() == loaded.config->backends.size());
  return loaded.config->backends;
}

}  // namespace

TEST_CASE("load_backend: defaults") {
  const auto made = backends("- &be {Address: A.example, Port: 80}\n");
  REQUIRE(made.size() == 1);
  CHECK(made[0].name == "be");
  CHECK(made[0].address == "a.example");
  CHECK(made[0].port == 80);
  CHECK(made[0].timeout.count() == 15);
  CHECK(made[0].connect_timeout.count() == 15);
  CHECK(made[0].threads == 8);
  CHECK(made[0].weight() == 8);
  CHECK(made[0].head_add.empty());
  CHECK(made[0].where.line == 2);
  CHECK(made[0].where.column == 3);
}

TEST_CASE("load_backend: all keys, and the connect timeout follows the timeout") {
  const auto made = backends(
      "- &a {Address: '[::1]', Port: 1, TimeOut: 3, Threads: 0, HeadAdd: ['X-A:b', 'X-B: c']}\n"
      "- &b {Address: '::1', Port: 2, TimeOut: 3, ConnTO: 4, Threads: 12, HeadAdd: 'X-A: b'}\n");
  REQUIRE(made.size() == 2);
  CHECK(made[0].address == "::1");
  CHECK(made[0].timeout.count() == 3);
  CHECK(made[0].connect_timeout.count() == 3);
  CHECK(made[0].threads == 0);
  CHECK(made[0].weight() == 8);
  CHECK(made[0].head_add == Lines{"X-A: b", "X-B: c"});
  CHECK(made[1].connect_timeout.count() == 4);
  CHECK(made[1].weight() == 12);
  CHECK(made[1].head_add == Lines{"X-A: b"});
}

TEST_CASE("load_backend: the name of a backend without an anchor is its address") {
  const auto made = backends("- {Address: 10.0.0.1, Port: 80}\n- {Address: '::1', Port: 81}\n");
  CHECK(made[0].name == "10.0.0.1:80");
  CHECK(made[1].name == "[::1]:81");
}

TEST_CASE("load_backend: the same server under two anchors is two backends") {
  const auto made =
      backends("- &a {Address: 10.0.0.1, Port: 80}\n- &b {Address: 10.0.0.1, Port: 80}\n");
  CHECK(made.size() == 2);
}
