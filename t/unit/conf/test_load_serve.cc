// Tests of conf/load_serve: the key, and what cannot stand beside it.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

conf_test::Loaded load_service(const std::string& service) {
  return conf_test::load(
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Auth: {Realm: a, Users: b}\n"
      "  Services:\n  - " +
      service + "\n  - Backends: *be\n");
}

}  // namespace

TEST_CASE("load_serve: status, with the listener's users") {
  const auto loaded = load_service("{URL: ^/pound/, Serve: Status}");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages.empty());
  const conf::Service& service = loaded.config->listeners[0].services[0];
  CHECK(service.serve == conf::Serve::status);
  CHECK(service.serve_where.line == 8);
  CHECK(service.serve_where.column == 28);
  CHECK(service.auth);
  CHECK_FALSE(loaded.config->listeners[0].services[1].serve);
}

TEST_CASE("load_serve: refused beside what a service with backends has") {
  const char* const kOthers[][2] = {
      {"Backends", "*be"},        {"Emergency", "*be"},        {"Balance", "two"},
      {"Redirect", "'http://a'"}, {"Session", "300"},          {"Queue", "{Known: equal}"},
      {"Retry", "{Times: 1}"},    {"HashKey", "'header X-A'"},
  };
  for (const auto& [key, value] : kOthers) {
    const std::string name = key;
    const auto loaded = load_service("{URL: /a, Serve: status, " + name + ": " + value + "}");
    CHECK_FALSE(loaded.config);
    CHECK_MESSAGE(loaded.messages.find("8:22: error: a service has `Serve` or `" + name +
                                       "`, not both") != std::string::npos,
                  loaded.messages);
    CHECK(loaded.messages.find("note: this is its `" + name + "`") != std::string::npos);
  }
}
