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

// Fields parsed from "Name: value" lines as they would stand in a request.
struct Fields {
  explicit Fields(std::string bytes_) : bytes(std::move(bytes_)) {
    std::string_view left = bytes;
    while (!left.empty()) {
      const std::string_view line = left.substr(0, left.find("\r\n"));
      const std::size_t colon = line.find(':');
      std::string_view value = line.substr(colon + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      list.add({line.substr(0, colon), value, worker::http::FieldId::other});
      left.remove_prefix(line.size() + 2);
    }
  }
  std::string bytes;
  worker::http::HeaderList list;
};

}  // namespace

TEST_CASE("router: the first match in the order of the file wins") {
  worker::route::Router router({service({"\\.(gif|jpg|png)$"}), service({"^/a"}), service({})});
  const Fields none("");
  CHECK(router.route("/a/x.gif", none.list) == 0);
  CHECK(router.route("/a/x.html", none.list) == 1);
  CHECK(router.route("/b", none.list) == 2);
}

TEST_CASE("router: a service without conditions hides those behind it, but not those before") {
  worker::route::Router router({service({"^/x"}), service({}), service({"^/y"})});
  const Fields none("");
  CHECK(router.route("/y", none.list) == 1);
  CHECK(router.route("/x", none.list) == 0);
}

TEST_CASE("router: none") {
  worker::route::Router router({service({"^/x"})});
  const Fields none("");
  CHECK(!router.route("/y", none.list));
  CHECK(!worker::route::Router({}).route("/", none.list));
}

TEST_CASE("router: URL patterns know letter case, header patterns do not") {
  worker::route::Router router({service({"^/Pic"}), service({}, {"^host: WWW\\."})});
  CHECK(!router.route("/pic", Fields("").list));
  CHECK(router.route("/Pic", Fields("").list) == 0);
  CHECK(router.route("/", Fields("HOST: www.example.com\r\n").list) == 1);
}

TEST_CASE("router: every HeadRequire must hold, no HeadDeny may") {
  worker::route::Router router({service({}, {"^A: 1", "^B: 2"}, {"^X: bad"})});
  CHECK(router.route("/", Fields("A: 1\r\nB: 2\r\n").list) == 0);
  CHECK(router.route("/", Fields("B: 2\r\nC: 3\r\nA: 1\r\n").list) == 0);
  CHECK(!router.route("/", Fields("A: 1\r\n").list));
  CHECK(!router.route("/", Fields("A: 1\r\nA: 1\r\n").list));  // twice the same is not both
  CHECK(!router.route("/", Fields("A: 1\r\nB: 2\r\nX: bad\r\n").list));
  CHECK(!router.route("/", Fields("X: bad\r\nA: 1\r\nB: 2\r\n").list));
}

TEST_CASE("router: a service that only denies is a candidate") {
  worker::route::Router router({service({}, {}, {"User-Agent: .*bot"}), service({})});
  CHECK(router.route("/", Fields("User-Agent: a bot\r\n").list) == 1);
  CHECK(router.route("/", Fields("User-Agent: people\r\n").list) == 0);
}

TEST_CASE("router: patterns see `Name: value` however the field was spaced") {
  worker::route::Router router({service({}, {"^Host: a$"})});
  CHECK(router.route("/", Fields("Host:a\r\n").list) == 0);
  CHECK(router.route("/", Fields("Host:    a\r\n").list) == 0);
  CHECK(!router.route("/", Fields("Host: ab\r\n").list));
}

TEST_CASE("router: calls do not remember each other") {
  worker::route::Router router({service({}, {"^A: 1", "^B: 2"})});
  CHECK(!router.route("/", Fields("A: 1\r\n").list));
  CHECK(!router.route("/", Fields("B: 2\r\n").list));
  CHECK(router.route("/", Fields("A: 1\r\nB: 2\r\n").list) == 0);
}

TEST_CASE("router: the right one of a thousand services") {
  std::vector<conf::Service> services;
  for (int i = 0; i < 1000; ++i) {
    services.push_back(service({}, {"^Host: h" + std::to_string(i) + "\\.example$"}));
  }
  services.push_back(service({}));
  worker::route::Router router(services);
  CHECK(router.route("/", Fields("Host: h0.example\r\n").list) == 0);
  CHECK(router.route("/", Fields("Accept: */*\r\nHost: h999.example\r\n").list) == 999);
  CHECK(router.route("/", Fields("Host: h1000.example\r\n").list) == 1000);
}
