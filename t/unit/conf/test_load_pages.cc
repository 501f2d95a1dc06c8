// Tests of conf/load_pages: ErrNNN, Maintenance, and Disabled of a service.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

conf_test::Loaded load_listener(const std::string& keys, const std::string& service) {
  return conf_test::load(
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n" +
      keys + "  Services:\n  - " + service + "\n");
}

conf::Service service(const std::string& keys) {
  const auto loaded = load_listener("", "{Backends: *be, " + keys + "}");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages.empty());
  return loaded.config->listeners[0].services[0];
}

}  // namespace

TEST_CASE("load_pages: ErrNNN of a listener and of a service") {
  const auto loaded = load_listener("  Err404: a\n  err500: b\n", "{Backends: *be, ERR599: c}");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  const conf::Listener& listener = loaded.config->listeners[0];
  REQUIRE(listener.error_pages.size() == 2);
  CHECK(listener.error_pages.at(404).path == "a");
  CHECK(listener.error_pages.at(500).path == "b");
  CHECK(listener.error_pages.at(500).where.line == 7);
  CHECK(listener.error_pages.at(500).where.column == 11);
  REQUIRE(listener.services[0].error_pages.size() == 1);
  CHECK(listener.services[0].error_pages.at(599).path == "c");
  CHECK(loaded.config->global.error_pages.empty());
}

TEST_CASE("load_pages: Maintenance is a page, perhaps with the time to wait") {
  const conf::Service plain = service("Maintenance: /a.html");
  REQUIRE(plain.maintenance);
  CHECK(plain.maintenance->page.path == "/a.html");
  CHECK(plain.maintenance->page.where.column == 34);
  CHECK(plain.maintenance->retry_after.count() == 300);
  const conf::Service both = service("Maintenance: {Page: /b.html, RetryAfter: 86400}");
  REQUIRE(both.maintenance);
  CHECK(both.maintenance->page.path == "/b.html");
  CHECK(both.maintenance->retry_after.count() == 86'400);
  CHECK_FALSE(service("Maintenance: ").maintenance);
  CHECK_FALSE(both.disabled);
}

TEST_CASE("load_pages: a disabled service needs no backends") {
  CHECK(service("Disabled: true").disabled);
  CHECK_FALSE(service("Disabled: false").disabled);
  const auto loaded = load_listener("", "{Disabled: true, Maintenance: a}");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages.find("a service without backends") == std::string::npos);
}
