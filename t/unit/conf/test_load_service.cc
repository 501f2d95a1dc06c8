// Tests of conf/load_service: conditions, sessions, and which backend an alias names.
#include <doctest/doctest.h>

#include "conf/load_service.h"
#include "t/unit/conf/harness.h"

namespace {

using conf_test::patterns;
using Indices = std::vector<std::size_t>;
using Kind = conf::Condition::Kind;

conf::Service service(const std::string& keys) {
  const auto loaded = conf_test::load(conf_test::with_service(keys));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return loaded.config->listeners.at(0).services.at(0);
}

}  // namespace

TEST_CASE("load_service: defaults") {
  const conf::Service made = service("");
  CHECK(made.conditions.empty());
  CHECK(made.session.type == conf::SessionPolicy::Type::none);
  CHECK(made.backends == Indices{0});
  CHECK(made.where.line == 7);
  CHECK(made.where.column == 5);
}

TEST_CASE("load_service: URL patterns are case-sensitive, header patterns are not") {
  const conf::Service made =
      service("    URL: /A\n    HeadRequire: X-A\n    HeadDeny: [X-B, X-C]\n    Session: 300\n");
  REQUIRE(made.conditions.size() == 4);
  const auto urls = patterns(made, Kind::url);
  REQUIRE(urls.size() == 1);
  CHECK(urls[0].search("/xx/A"));
  CHECK_FALSE(urls[0].search("/a"));
  const auto required = patterns(made, Kind::head_require);
  REQUIRE(required.size() == 1);
  CHECK(required[0].search("x-a: b"));
  const auto denied = patterns(made, Kind::head_deny);
  REQUIRE(denied.size() == 2);
  CHECK(denied[1].text() == "X-C");
  CHECK(made.session.type == conf::SessionPolicy::Type::ip);
  CHECK(made.session.ttl.count() == 300);
}

TEST_CASE("load_service: relaxed rules are kept as they are written, with their places") {
  CHECK(service("").allow.empty());
  const conf::Service made = service("    Allow: [target_char, whatever]\n");
  REQUIRE(made.allow.size() == 2);
  CHECK(made.allow[0].code == "target_char");
  CHECK(made.allow[1].code == "whatever");
  CHECK(made.allow[0].where.column == 13);
  CHECK(made.allow[1].where.column == 26);
  CHECK(service("    Allow: host_empty\n").allow.size() == 1);
}

TEST_CASE("load_service: the same alias is the same backend everywhere, two anchors are two") {
  const auto loaded = conf_test::load(
      "Backends: [&a {Address: '::1', Port: 1}, &b {Address: '::1', Port: 1}]\n"
      "HTTPListeners:\n"
      "- {Address: '::1', Port: 1, Services: [{URL: a, Backends: [*b, *a]}, {Backends: *b}]}\n"
      "HTTPSListeners:\n"
      "- {Address: '::1', Port: 2, Certificates: c, Services: [{Backends: [*b]}]}\n");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.config->backends.size() == 2);
  const auto& listeners = loaded.config->listeners;
  CHECK(listeners[0].services[0].backends == Indices{1, 0});
  CHECK(listeners[0].services[1].backends == Indices{1});
  CHECK(listeners[1].services[0].backends == Indices{1});
}

TEST_CASE("load_service: a list of aliases can have an anchor") {
  const auto loaded = conf_test::load(
      "Backends: &all [&a {Address: '::1', Port: 1}, &b {Address: '::1', Port: 2}]\n"
      "HTTPListeners:\n"
      "- Address: '::1'\n  Port: 1\n  Services: &services\n"
      "  - {URL: a, Backends: &pool [*b]}\n  - {URL: b, Backends: *pool}\n  - {Backends: *all}\n"
      "- {Address: '::1', Port: 2, Services: *services}\n");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  for (const conf::Listener& listener : loaded.config->listeners) {
    REQUIRE(listener.services.size() == 3);
    CHECK(listener.services[0].backends == Indices{1});
    CHECK(listener.services[1].backends == Indices{1});
    CHECK(listener.services[2].backends == Indices{0, 1});
  }
}

TEST_CASE("load_service: a hundred thousand patterns, and one more") {
  std::string text = "    HeadDeny: &x [";
  for (int i = 0; i < 1000; ++i) text += "a,";
  text += "]\n";
  for (int i = 1; i < 100; ++i) {
    text += "  - {Path: /" + std::to_string(i) + ", HeadDeny: *x, Backends: *be}\n";
  }
  static_assert(conf::kMaxPatterns == 100 * 1000);
  const conf_test::Loaded loaded = conf_test::load(conf_test::with_service(text));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  text += "  - {URL: a, Backends: *be}\n  - {URL: a, Backends: *be}\n";
  const auto more = conf_test::load(conf_test::with_service(text));
  CHECK_FALSE(more.config);
  CHECK(
      more.messages.ends_with("t:108:11: error: more than 100000 regular expressions\n  "
                              "  - {URL: a, Backends: *be}\n            ^\n"));
}
