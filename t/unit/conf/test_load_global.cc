// Tests of conf/load_global: each key of Global, and each default.
#include <doctest/doctest.h>
#include <syslog.h>

#include "t/unit/conf/harness.h"

namespace {

conf::Global global(const std::string& text) {
  const auto loaded = conf_test::load(text + conf_test::with_service(""));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return loaded.config->global;
}

}  // namespace

TEST_CASE("load_global: defaults") {
  for (const char* text : {"", "Global:\n", "Global: []\n", "Global: {}\n",
                           "Global: {User: , Err404: , Workers: ~, AccessLog: null}\n"}) {
    const conf::Global made = global(text);
    CHECK_FALSE(made.user);
    CHECK_FALSE(made.group);
    CHECK_FALSE(made.root_jail);
    CHECK(made.error_pages.empty());
    CHECK(made.workers == 0);
    CHECK(made.max_sessions == 262144);
    CHECK(made.grace.count() == 30);
    CHECK(made.alive.count() == 60);
    CHECK(made.log_facility == LOG_DAEMON);
    CHECK(made.log_socket == "/dev/log");
    CHECK(made.access_log == conf::AccessLog::Kind::combined);
    CHECK(made.request_id.empty());
  }
}

TEST_CASE("load_global: all keys") {
  const conf::Global made = global(
      "Global:\n  User: u\n  Group: g\n  RootJail: /j\n  Err404: a\n  err500: b\n  Err431: c\n"
      "  Workers: 3\n  Grace: 0\n  Alive: 9\n  LogFacility: LOCAL3\n  LogSocket: /l\n"
      "  AccessLog: Common\n  RequestID: X-Request-ID\n");
  CHECK(made.user == "u");
  CHECK(made.group == "g");
  CHECK(made.root_jail == "/j");
  REQUIRE(made.error_pages.size() == 3);
  CHECK(made.error_pages.at(404).path == "a");
  CHECK(made.error_pages.at(431).path == "c");
  CHECK(made.error_pages.at(500).path == "b");
  CHECK(made.error_pages.at(500).where.line == 6);
  CHECK(made.error_pages.at(500).where.column == 11);
  CHECK(made.workers == 3);
  CHECK(made.grace.count() == 0);
  CHECK(made.alive.count() == 9);
  CHECK(made.log_facility == LOG_LOCAL3);
  CHECK(made.log_socket == "/l");
  CHECK(made.access_log == conf::AccessLog::Kind::common);
  CHECK(made.request_id == "X-Request-ID");
  CHECK(made.where.line == 2);
  CHECK(made.user_where.line == 2);
  CHECK(made.user_where.column == 9);
  CHECK(made.group_where.line == 3);
  CHECK(made.root_jail_where.line == 4);
}

TEST_CASE("load_global: the least and the most sessions") {
  CHECK(global("Global: {MaxSessions: 1024}\n").max_sessions == 1024);
  CHECK(global("Global: {maxsessions: 16777216}\n").max_sessions == 16777216);
}

TEST_CASE("load_global: a list of mappings") {
  const conf::Global made = global("Global:\n- User: u\n  Group: g\n- AccessLog: 'off'\n");
  CHECK(made.user == "u");
  CHECK(made.group == "g");
  CHECK(made.access_log == conf::AccessLog::Kind::none);
}
