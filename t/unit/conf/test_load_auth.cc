// Tests of conf/load_auth: of a service, and of a listener as the default of its services.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

// A listener with these lines of its own, and these services.
conf_test::Loaded load_with(const std::string& listener, const std::string& services) {
  return conf_test::load(
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n" +
      listener + "  Services:\n" + services);
}

std::vector<conf::Service> services_of(const std::string& listener, const std::string& services) {
  const auto loaded = load_with(listener, services);
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  return loaded.config->listeners[0].services;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("load_auth: of one service alone") {
  const auto services =
      services_of("",
                  "  - {URL: /a, Backends: *be, Auth: {Realm: Staff only, Users: /etc/staff}}\n"
                  "  - {Backends: *be}\n");
  REQUIRE(services[0].auth);
  CHECK(services[0].auth->realm == "Staff only");
  CHECK(services[0].auth->users == "/etc/staff");
  CHECK(services[0].auth->users_where.line == 7);
  CHECK_FALSE(services[1].auth);
}

TEST_CASE("load_auth: of a listener, for services without their own, but not for redirects") {
  const auto services = services_of("  Auth: {Realm: All, Users: all}\n",
                                    "  - {URL: /a, Backends: *be, Auth: {Realm: One, Users: one}}\n"
                                    "  - {URL: /b, Redirect: 'https://a'}\n"
                                    "  - {Backends: *be}\n");
  REQUIRE(services[0].auth);
  CHECK(services[0].auth->realm == "One");
  CHECK_FALSE(services[1].auth);
  REQUIRE(services[2].auth);
  CHECK(services[2].auth->realm == "All");
  CHECK(services[2].auth->users == "all");
}

TEST_CASE("load_auth: both keys are needed, and no other") {
  for (const std::string one : {"{Realm: a}", "{Users: a}", "{Realm: a, Users: b, File: c}", "a"}) {
    CAPTURE(one);
    const auto loaded = load_with("", "  - {Backends: *be, Auth: " + one + "}\n");
    CHECK_FALSE(loaded.config);
    CHECK(has(loaded.messages, "error: "));
    CHECK_FALSE(load_with("  Auth: " + one + "\n", "  - {Backends: *be}\n").config);
  }
  CHECK(has(load_with("", "  - {Backends: *be, Auth: a}\n").messages,
            "expected a mapping such as `{Realm: Staff, Users: /etc/pound/staff.htpasswd}`"));
}

TEST_CASE("load_auth: the realm is printable ASCII, up to 255 characters") {
  const auto with_realm = [](const std::string& realm) {
    return load_with("", "  - {Backends: *be, Auth: {Realm: \"" + realm + "\", Users: a}}\n");
  };
  CHECK(with_realm("a \\\" ~").config);
  CHECK(with_realm(std::string(255, 'a')).config);
  CHECK_FALSE(with_realm(std::string(256, 'a')).config);
  CHECK_FALSE(with_realm("").config);
  CHECK_FALSE(with_realm("a\\nb").config);
  const auto umlaut = with_realm("\xc3\xa4");
  CHECK_FALSE(umlaut.config);
  CHECK(has(umlaut.messages, "expected printable ASCII characters only"));
}

TEST_CASE("load_auth: refused beside a redirect of the same service") {
  const auto both = load_with("", "  - {Redirect: 'https://a', Auth: {Realm: a, Users: b}}\n");
  CHECK_FALSE(both.config);
  CHECK(has(both.messages, "error: a service has `Redirect` or `Auth`, not both"));
}
