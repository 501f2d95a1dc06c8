// Tests of route/edits: edits that follow each other, shared ones, and what differs by backend.
#include "worker/route/edits.h"

#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

using namespace worker::route;

namespace {

conf::Config loaded(const std::string& listener, const std::string& service,
                    const std::string& backend) {
  const auto made = conf_test::load(
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80" + backend +
      "}\n- &other {Address: 10.0.0.2, Port: 80}\nHTTPListeners:\n- Address: 192.0.2.1\n"
      "  Port: 80\n" +
      listener + "  Services:\n  - Backends: [*be]\n    Emergency: [*other]\n" + service +
      "  - Backends: [*other]\n");
  REQUIRE_MESSAGE(made.config, made.messages);
  return *made.config;
}

std::string lines(const HeadEdits& edits, const TemplateValues& values = {}) {
  std::string out;
  CHECK(edits.append_lines(values, out));
  return out;
}

}  // namespace

TEST_CASE("edits: Remove, then Set, then Add; listener, service, backend") {
  const conf::Config config =
      loaded("  Request: {Set: {X-A: listener, X-B: listener}, Add: {X-C: listener}}\n",
             "    Request: {Remove: [x-a], Add: {X-C: service, X-D: [1, 2]}}\n",
             ", Request: {Set: {x-c: backend}, Remove: X-D, Add: {X-D: 3}}");
  const conf::Listener& listener = config.listeners[0];
  EditsMaker maker(config, listener);
  const auto edits = maker.make(listener.services[0]);
  REQUIRE(edits);
  const BackendEdits& one = *edits->backends.at(&config.backends[0]);
  CHECK(lines(one.request) == "X-B: listener\r\nx-c: backend\r\nX-D: 3\r\n");
  for (const char* name : {"X-A", "x-b", "X-C", "X-D"}) CHECK(one.request.removed().contains(name));
  CHECK_FALSE(one.request.removed().contains("X-E"));
  CHECK(one.reply.empty());
  const BackendEdits& other = *edits->backends.at(&config.backends[1]);
  CHECK(lines(other.request) ==
        "X-B: listener\r\nX-C: listener\r\nX-C: service\r\nX-D: 1\r\nX-D: 2\r\n");
  CHECK(edits->differs_by_backend);
  CHECK(edits->answers.empty());
}

TEST_CASE("edits: a beginning removes lines of earlier edits, too") {
  const conf::Config config =
      loaded("  Reply: {Set: {X-Foo-A: 1, X-Fo: 2}}\n", "    Reply: {Remove: X-Foo-*}\n", "");
  EditsMaker maker(config, config.listeners[0]);
  const auto edits = maker.make(config.listeners[0].services[0]);
  REQUIRE(edits);
  CHECK(lines(edits->backends.at(&config.backends[0])->reply) == "X-Fo: 2\r\n");
  CHECK(lines(edits->answers) == "X-Fo: 2\r\n");
  CHECK(edits->answers.removed().contains("x-foo-b"));
  CHECK_FALSE(edits->differs_by_backend);
  CHECK(lines(maker.answers()) == "X-Foo-A: 1\r\nX-Fo: 2\r\n");
}

TEST_CASE("edits: a value has no blanks around it, whatever is empty") {
  const conf::Config config =
      loaded("  Reply: {Set: {X-A: '$host b $query', X-B: '$host '}}\n", "", "");
  EditsMaker maker(config, config.listeners[0]);
  CHECK(lines(maker.answers()) == "X-A: b\r\nX-B: \r\n");
  CHECK(lines(maker.answers(), {.host = "a", .query = "c"}) == "X-A: a b c\r\nX-B: a\r\n");
}

TEST_CASE("edits: nothing to change costs nothing, and services share what is the same") {
  const conf::Config none = loaded("", "", "");
  EditsMaker nothing(none, none.listeners[0]);
  CHECK_FALSE(nothing.make(none.listeners[0].services[0]));
  CHECK(nothing.answers().empty());

  const conf::Config config = loaded("  Request: {Set: {X-A: 1}}\n", "", "");
  EditsMaker maker(config, config.listeners[0]);
  const auto first = maker.make(config.listeners[0].services[0]);
  const auto second = maker.make(config.listeners[0].services[1]);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->backends.at(&config.backends[0]) == second->backends.at(&config.backends[1]));
}

TEST_CASE("edits: what differs by backend") {
  const auto differs = [](const std::string& service, const std::string& backend) {
    const conf::Config config = loaded("", service, backend);
    EditsMaker maker(config, config.listeners[0]);
    const auto edits = maker.make(config.listeners[0].services[0]);
    return edits && edits->differs_by_backend;
  };
  CHECK(differs("    Request: {Set: {X-A: $backend}}\n", ""));
  CHECK(differs("", ", Request: {Remove: X-A}"));
  CHECK_FALSE(differs("    Request: {Set: {X-A: $host}}\n", ", Reply: {Remove: X-A}"));
  CHECK_FALSE(differs("    Reply: {Set: {X-A: $backend}}\n", ""));
}

TEST_CASE("edits: a rewrite alone is a change") {
  const conf::Config config = loaded("", "    Rewrite: {From: a, To: b}\n", "");
  EditsMaker maker(config, config.listeners[0]);
  CHECK(maker.make(config.listeners[0].services[0]));
  CHECK_FALSE(maker.make(config.listeners[0].services[1]));
}

TEST_CASE("edits: a value that cannot be sent leaves its line out") {
  const conf::Config config =
      loaded("  Reply: {Set: {X-A: 'a$path', X-B: b}, Add: {X-C: c}}\n", "", "");
  EditsMaker maker(config, config.listeners[0]);
  const HeadEdits edits = maker.answers();
  std::string out;
  CHECK_FALSE(edits.append_lines({.path = "/\r\nEvil: 1"}, out));
  CHECK(out == "X-B: b\r\nX-C: c\r\n");
  const std::string longest(kMostEditedValue - 1, 'x');
  out.clear();
  CHECK(edits.append_lines({.path = longest}, out));
  CHECK(out == "X-A: a" + longest + "\r\nX-B: b\r\nX-C: c\r\n");
  out.clear();
  CHECK_FALSE(edits.append_lines({.path = longest + "x"}, out));
  CHECK(out == "X-B: b\r\nX-C: c\r\n");
  out.clear();
  const auto has = [](std::string_view name) { return name == "X-B"; };
  CHECK(edits.append_other_lines({.path = "/"}, has, out));
  CHECK(out == "X-A: a/\r\nX-C: c\r\n");
}
