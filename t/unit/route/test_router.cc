#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "conf/service.h"
#include "worker/route/router.h"

namespace {

using Kind = conf::Condition::Kind;

void add(conf::Service& service, Kind kind, const std::vector<std::string>& texts) {
  std::string error;
  for (const std::string& text : texts) {
    const auto pattern = conf::Pattern::compile(text, conf::about(kind).letter_case, error);
    service.conditions.push_back({kind, pattern.value()});
  }
}

conf::Service service(const std::vector<std::string>& urls,
                      const std::vector<std::string>& require = {},
                      const std::vector<std::string>& deny = {}) {
  conf::Service made;
  add(made, Kind::url, urls);
  add(made, Kind::head_require, require);
  add(made, Kind::head_deny, deny);
  return made;
}

// A router with the services that it borrows.
struct Routed {
  explicit Routed(std::vector<conf::Service> all) : services(std::move(all)), router(services) {}
  std::optional<std::size_t> route(std::string_view path_query, std::string_view lines,
                                   std::string_view method = "GET") {
    return router.route(method, path_query, lines);
  }

  std::vector<conf::Service> services;
  worker::route::Router router;
};

}  // namespace

TEST_CASE("router: the first match in the order of the file wins") {
  Routed router({service({"\\.(gif|jpg|png)$"}), service({"^/a"}), service({})});
  CHECK(router.route("/a/x.gif", "") == 0);
  CHECK(router.route("/a/x.html", "") == 1);
  CHECK(router.route("/b", "") == 2);
}

TEST_CASE("router: a service without conditions hides those behind it, but not those before") {
  Routed router({service({"^/x"}), service({}), service({"^/y"})});
  CHECK(router.route("/y", "") == 1);
  CHECK(router.route("/x", "") == 0);
}

TEST_CASE("router: no match") {
  Routed router({service({"^/x"})});
  CHECK(!router.route("/y", ""));
  CHECK(!Routed({}).route("/", ""));
}

TEST_CASE("router: URL patterns are case-sensitive, header patterns are not") {
  Routed router({service({"^/Pic"}), service({}, {"^host: WWW\\."})});
  CHECK(!router.route("/pic", ""));
  CHECK(router.route("/Pic", "") == 0);
  CHECK(router.route("/", "HOST: www.example.com\r\n") == 1);
}

TEST_CASE("router: every HeadRequire must hold, no HeadDeny may") {
  Routed router({service({}, {"^A: 1", "^B: 2"}, {"^X: bad"})});
  CHECK(router.route("/", "A: 1\r\nB: 2\r\n") == 0);
  CHECK(router.route("/", "B: 2\r\nC: 3\r\nA: 1\r\n") == 0);
  CHECK(!router.route("/", "A: 1\r\n"));
  CHECK(!router.route("/", "A: 1\r\nA: 1\r\n"));  // twice the same is not both
  CHECK(!router.route("/", "A: 1\r\nB: 2\r\nX: bad\r\n"));
  CHECK(!router.route("/", "X: bad\r\nA: 1\r\nB: 2\r\n"));
}

TEST_CASE("router: a service that only denies is a candidate") {
  Routed router({service({}, {}, {"User-Agent: .*bot"}), service({})});
  CHECK(router.route("/", "User-Agent: a bot\r\n") == 1);
  CHECK(router.route("/", "User-Agent: people\r\n") == 0);
}

TEST_CASE("router: only lines before the empty one are fields") {
  Routed router({service({}, {"^Host: a$"})});
  CHECK(router.route("/", "B: 1\r\nHost: a\r\n\r\n") == 0);
  CHECK(!router.route("/", "B: 1\r\n\r\nHost: a\r\n"));
  CHECK(!router.route("/", "Host: ab\r\n\r\n"));
}

TEST_CASE("router: a URL pattern is searched in the path as received and in its normal form") {
  Routed router({service({"^/admin"}), service({})});
  for (const char* path : {"/admin", "//admin", "/%61dmin", "/./admin", "/x/../admin", "/%2e/admin",
                           "/;/admin", "/x/..;/admin", "/x/..%2fadmin?q"}) {
    CAPTURE(path);
    CHECK(router.route(path, "") == 0);
  }
  CHECK(router.route("/admin/../x", "") == 0);  // as received
  CHECK(router.route("/x?/../admin", "") == 1);
  CHECK(router.route("*", "") == 1);
}

TEST_CASE("router: a pattern that both forms contain counts once") {
  conf::Service two = service({"a"}, {"^B: 1"});
  Routed router({two});
  CHECK(!router.route("//a", "A: 1\r\n\r\n"));
  CHECK(router.route("//a", "B: 1\r\n\r\n") == 0);
}

TEST_CASE("router: calls do not remember each other") {
  Routed router({service({}, {"^A: 1", "^B: 2"})});
  CHECK(!router.route("/", "A: 1\r\n"));
  CHECK(!router.route("/", "B: 2\r\n"));
  CHECK(router.route("/", "A: 1\r\nB: 2\r\n") == 0);
}

TEST_CASE("router: the right one of a thousand services") {
  std::vector<conf::Service> services;
  for (int i = 0; i < 1000; ++i) {
    services.push_back(service({}, {"^Host: h" + std::to_string(i) + "\\.example$"}));
  }
  services.push_back(service({}));
  Routed router(services);
  CHECK(router.route("/", "Host: h0.example\r\n") == 0);
  CHECK(router.route("/", "Accept: */*\r\nHost: h999.example\r\n") == 999);
  CHECK(router.route("/", "Host: h1000.example\r\n") == 1000);
}
