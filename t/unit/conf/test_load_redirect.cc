// Tests of conf/load_redirect: both forms of the key, and what cannot stand beside it.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

conf_test::Loaded load_services(const std::string& services) {
  return conf_test::load(
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Services:\n" +
      services);
}

conf::Service first(const std::string& services) {
  const auto loaded = load_services(services);
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  return loaded.config->listeners[0].services[0];
}

}  // namespace

TEST_CASE("load_redirect: a URL means 302") {
  const conf::Service service = first("  - Redirect: https://www.example.com:8443/a?b\n");
  REQUIRE(service.redirect);
  CHECK(service.redirect->code == 302);
  CHECK(service.redirect->scheme == "https://");
  CHECK(service.redirect->host == "www.example.com");
  CHECK(service.redirect->port == ":8443");
  CHECK(service.redirect->path == "/a?b");
  CHECK(service.backends.empty());
}

TEST_CASE("load_redirect: each code") {
  for (const int code : {301, 302, 303, 307, 308}) {
    const std::string number = std::to_string(code);
    const conf::Service service = first("  - Redirect: {Code: " + number + ", URL: 'http://a'}\n");
    REQUIRE(service.redirect);
    CHECK(service.redirect->code == code);
  }
  CHECK(first("  - Redirect: {URL: 'http://a'}\n").redirect->code == 302);
  CHECK(first("  - Redirect: {URL: 'http://a', Code: }\n").redirect->code == 302);
}

TEST_CASE("load_redirect: none") {
  CHECK_FALSE(first("  - Backends: *be\n").redirect);
  CHECK_FALSE(first("  - {Backends: *be, Redirect: }\n").redirect);
}

TEST_CASE("load_redirect: refused beside backends, a session or a queue") {
  const auto both = load_services("  - {Backends: *be, Redirect: 'https://a'}\n");
  CHECK_FALSE(both.config);
  CHECK(both.messages.find("error: a service has `Redirect` or `Backends`, not both") !=
        std::string::npos);
  const auto session = load_services("  - {Session: 300, Redirect: 'https://a'}\n");
  CHECK_FALSE(session.config);
  CHECK(session.messages.find("error: a service has `Redirect` or `Session`, not both") !=
        std::string::npos);
  const auto queue = load_services("  - {Queue: {Known: equal}, Redirect: 'https://a'}\n");
  CHECK_FALSE(queue.config);
  CHECK(queue.messages.find("error: a service has `Redirect` or `Queue`, not both") !=
        std::string::npos);
}

TEST_CASE("load_redirect: a redirect to itself gives a warning") {
  const std::string warning =
      "this service redirects to itself: clients would be redirected without end";
  const auto says = [&](const std::string& url) {
    return load_services("  - {URL: /a, Backends: *be}\n  - Redirect: '" + url + "'\n").messages;
  };
  CHECK(says("http://$host").find(warning) != std::string::npos);
  CHECK(says("http://$host:80").find(warning) != std::string::npos);
  for (const char* url : {"https://$host", "http://$host:8080", "http://$host/a", "http://a"}) {
    CHECK(says(url) == "");
  }
}
