// Services that no request can reach.
#include "conf/reach.h"

#include "t/unit/conf/harness.h"

#include <doctest/doctest.h>

namespace {

// "2<0" says that service 2 is hidden by service 0, "1!" that service 1 contradicts itself.
std::string hidden(const std::vector<std::string>& services) {
  std::string yaml =
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Services:\n";
  for (const std::string& service : services) yaml += "  - {" + service + ", Backends: *be}\n";
  const conf_test::Loaded loaded = conf_test::load(yaml);
  INFO(loaded.messages);
  REQUIRE(loaded.config);
  std::string text;
  for (const auto& [service, by] :
       conf::unreachable_services(loaded.config->listeners[0].services)) {
    text += (text.empty() ? "" : " ") + std::to_string(service);
    text += by ? "<" + std::to_string(*by) : "!";
  }
  return text;
}

}  // namespace

TEST_CASE("reach: by the same conditions, or by fewer") {
  CHECK(hidden({"URL: a", "URL: a"}) == "1<0");
  CHECK(hidden({"URL: a", "URL: a, HeadRequire: b"}) == "1<0");
  CHECK(hidden({"URL: a, HeadRequire: b", "URL: a"}) == "");
  CHECK(hidden({"HeadRequire: [a, b]", "HeadRequire: [b, c, a]"}) == "1<0");
  CHECK(hidden({"HeadRequire: a", "HeadDeny: a"}) == "");
  CHECK(hidden({"Methods: [GET, PUT]", "Methods: PUT", "Methods: [PUT, POST]"}) == "1<0");
  CHECK(hidden({"Query: {a: [x, y]}", "Query: {a: x, b: z}", "Query: {a: [x, z]}"}) == "1<0");
  CHECK(hidden({"Header: {A: x}", "Header: {a: x}, Path: /b"}) == "1<0");
}

TEST_CASE("reach: by a host that contains another, and by a path above it") {
  CHECK(hidden({"Host: '*.a.test'", "Host: x.a.test", "Host: a.test"}) == "1<0");
  CHECK(hidden({"Host: '*.a.test'", "Host: '*.b.a.test'", "Host: '*.test'"}) == "1<0");
  CHECK(hidden({"Host: a.test", "Host: [a.test, b.test]"}) == "");
  CHECK(hidden({"Host: a.test", "Host: b.test", "Host: [a.test, b.test]"}) == "2<0");
  CHECK(hidden({"Path: /a", "Path: /a/b", "Path: /ab", "Path: [/a/x, /c]"}) == "1<0");
  CHECK(hidden({"Path: /", "URL: x", "Path: /x"}) == "2<0");
  CHECK(hidden({"Host: a.test, Path: /a", "Host: a.test, Path: /a/b", "Host: b.test, Path: /a"}) ==
        "1<0");
}

TEST_CASE("reach: what Not leaves is not taken") {
  CHECK(hidden({"Path: /, Not: {Path: /a}", "Path: /b"}) == "");
  CHECK(hidden({"Path: /, Not: {Path: /a/b}", "Path: /b, Not: {Path: /a}"}) == "1<0");
  CHECK(hidden({"Path: /, Not: {Path: /a}", "Path: /b, Not: {Path: /a/b}"}) == "");
}

TEST_CASE("reach: conditions that contradict each other") {
  CHECK(hidden({"Path: /a/b, Not: {Path: /a}"}) == "0!");
  CHECK(hidden({"Path: /a/b, Not: {Path: /a, Methods: GET}"}) == "");
  CHECK(hidden({"Path: /a/b, Methods: GET, Not: [{Path: /c}, {Path: /a, Methods: [GET, HEAD]}]"}) ==
        "0!");
  CHECK(hidden({"HeadRequire: ^A, HeadDeny: ^A"}) == "0!");
}

TEST_CASE("reach: thousands of services take no time") {
  std::vector<std::string> services;
  for (int i = 0; i < 3000; ++i) {
    services.push_back("Host: h" + std::to_string(i) + ".test, Path: /a");
  }
  services.push_back("Host: h2999.test, Path: /a/b");
  CHECK(hidden(services) == "3000<2999");
}
