// What would become of a request.
#include "worker/explain/explain.h"

#include "conf/network.h"
#include "conf/service.h"
#include "t/unit/explain/inquiry.h"
#include "worker/route/router.h"

using explain_test::House;
using worker::explain::Explanation;
using worker::explain::Outcome;
namespace http = worker::http;

namespace {

constexpr char kSite[] = R"(---
Backends:
  - &b1
    Address: 127.0.0.1
    Port: 1
HTTPListeners:
  - Address: 127.0.0.1
    Port: 8080
    Services:
      - URL: ^/api/
        HeadRequire: "^Host:.*api"
        Backends: [*b1]
        Session: {Type: COOKIE, ID: sess, TTL: 300}
      - HeadDeny: "^User-Agent:.*curl"
        URL: ^/web
        Redirect: "https://www.test"
      - URL: ^/private
        Auth: {Realm: private, Users: /nowhere}
        Backends: [*b1]
      - URL: ^/ip
        Backends: [*b1]
        Session: {Type: IP, TTL: 60}
      - URL: ^/pound
        Serve: status
...
)";

constexpr char kFixed[] = R"(---
HTTPListeners:
  - Address: 127.0.0.1
    Port: 8080
    Services:
      - URL: ^/web
        Redirect: "https://www.test"
      - URL: ^/text
        Respond: {Body: a}
      - URL: ^/file
        Respond: {Code: 203, File: /a/b.png}
      - URL: ^/empty
        Respond: 204
      - URL: ^/none
        Respond: 404
      - URL: ^/staff
        Auth: {Realm: private, Users: /nowhere}
        Respond: 204
      - URL: ^/denied
        Clients: {Deny: [127.0.0.0/8]}
        Respond: 204
...
)";

// "NAME:CONDITION PATTERN in FOUND", or "NAME:taken", of each service.
std::string services_of(const Explanation& found) {
  std::string text;
  for (const auto& service : found.services) {
    text += (text.empty() ? "" : "; ") + service.name.substr(service.name.find('/') + 1) + ":";
    const worker::route::Judgement& judgement = service.judgement;
    if (judgement.holds()) {
      text += "taken";
      continue;
    }
    text += std::string(judgement.key) + " " + judgement.wanted;
    if (judgement.denies) text += " in " + judgement.in;
  }
  return text;
}

std::string end_of(const Explanation& found) {
  if (found.outcome == Outcome::backend) return "backend";
  if (found.outcome == Outcome::closed) return "closed " + found.reason;
  return std::to_string(found.status) + " " + found.reason + found.location;
}

}  // namespace

TEST_CASE("explain: each service with the first condition that does not hold") {
  const House house(kSite);
  Explanation found = house.ask("http://api.test:8080/api/1", {"Cookie: sess=abc"});
  CHECK(services_of(found) == "1:taken");
  CHECK(end_of(found) == "backend");
  CHECK(found.session == "abc");
  found = house.ask("http://www.test:8080/api/1");
  CHECK(services_of(found) ==
        "1:HeadRequire ^Host:.*api; 2:URL ^/web; 3:URL ^/private; 4:URL ^/ip; 5:URL ^/pound");
  CHECK(end_of(found) == "404 no_service");
  found = house.ask("http://www.test:8080/web", {"User-Agent: curl/8"});
  CHECK(services_of(found) ==
        "1:URL ^/api/; 2:HeadDeny ^User-Agent:.*curl in User-Agent: curl/8; "
        "3:URL ^/private; 4:URL ^/ip; 5:URL ^/pound");
}

TEST_CASE("explain: redirects, passwords and sessions") {
  const House house(kSite);
  CHECK(end_of(house.ask("http://www.test:8080/web/x?y")) == "302 https://www.test/web/x?y");
  CHECK(end_of(house.ask("http://www.test:8080/private")) == "401 auth_missing");
  CHECK(end_of(house.ask("http://www.test:8080/private", {"Authorization: Basic !"})) ==
        "401 auth_failed");
  const Explanation asked =
      house.ask("http://www.test:8080/private", {"Authorization: Basic YTpi"});
  CHECK(end_of(asked) == "backend");
  CHECK(asked.remarks ==
        std::vector<std::string>{"Auth: the password of a must be right (/nowhere), else 401"});
  CHECK(house.ask("http://www.test:8080/ip").session == "127.0.0.1");
  CHECK_FALSE(house.ask("http://api.test:8080/api/").session);
}

TEST_CASE("explain: patterns see the id that Pound gives to each request") {
  House house(R"(---
HTTPListeners:
  - Address: 127.0.0.1
    Port: 8080
    RequestID: X-Id
    Services:
      - HeadRequire: "^X-Id: mine$"
        Redirect: "https://www.test"
      - HeadRequire: "^X-Id: [0-9a-f-]{36}$"
        Redirect: "https://www.test"
...
)");
  CHECK(services_of(house.ask("http://www.test:8080/", {"X-Id: mine"})) ==
        "1:HeadRequire ^X-Id: mine$; 2:taken");
  std::string error;
  house.listeners[0].trusted =
      std::make_shared<const worker::net::AddressSet>(std::vector<worker::net::AddressSet::Entry>{
          {conf::parse_network("127.0.0.1", error).value(), worker::net::AddressMark::allow}});
  CHECK(services_of(house.ask("http://www.test:8080/", {"X-Id: mine"})) == "1:taken");
}

TEST_CASE("explain: what Pound serves itself") {
  const House house(kSite);
  CHECK(end_of(house.ask("http://www.test:8080/pound/")) == "200 ");
  CHECK(end_of(house.ask("http://www.test:8080/pound/status.json")) == "200 ");
  CHECK(end_of(house.ask("http://www.test:8080/pound?a")) == "302 ./pound/");
  CHECK(end_of(house.ask("http://www.test:8080/pound/", {"Content-Length: 0"}, "POST")) ==
        "405 serve_method");
}

TEST_CASE("explain: fixed answers, for any method") {
  const House house(kFixed);
  const auto answer = [&](const std::string& path, const std::string& method) {
    const Explanation found = house.ask("http://www.test:8080" + path, {}, method);
    return end_of(found) + (found.content.empty() ? "" : "with " + found.content);
  };
  for (const std::string method : {"GET", "HEAD", "DELETE"}) {
    CHECK(answer("/text", method) == "200 with Body as text/plain; charset=utf-8");
    CHECK(answer("/file", method) == "203 with /a/b.png as image/png");
    CHECK(answer("/empty", method) == "204 ");
    CHECK(answer("/none", method) == "404 with the page for 404");
    CHECK(answer("/staff", method) == "401 auth_missing");
  }
}

TEST_CASE("explain: a service that is disabled matters once its Clients let the client in") {
  House house(kFixed);
  CHECK(house.ask("http://www.test:8080/text").may_be_disabled);
  CHECK(house.ask("http://www.test:8080/staff").may_be_disabled);
  CHECK(house.ask("http://www.test:8080/web").may_be_disabled);
  CHECK_FALSE(house.ask("http://www.test:8080/nowhere").may_be_disabled);
  std::string error;
  house.listeners[0].service_clients.back().set =
      std::make_shared<const worker::net::AddressSet>(std::vector<worker::net::AddressSet::Entry>{
          {conf::parse_network("127.0.0.1", error).value(), worker::net::AddressMark::deny}});
  const Explanation found = house.ask("http://www.test:8080/denied");
  CHECK(end_of(found) == "403 client_denied");
  CHECK_FALSE(found.may_be_disabled);
}

TEST_CASE("explain: the sanitizer's verdict has its reason, its offset and an excerpt") {
  const House house(kSite);
  Explanation found =
      house.ask("http://api.test:8080/api/", {"Content-Length: 1", "Transfer-Encoding: chunked"});
  CHECK(end_of(found) == "400 cl_te");
  CHECK(found.refusal.reason == http::Reason::cl_te);
  CHECK(found.excerpt.find("Transfer-Encoding") != std::string::npos);
  CHECK(found.services.empty());
  found = house.ask("http://api.test:8080/a b");
  CHECK(found.refusal.offset == 8);
  found = house.ask("http://api.test:8080/", {"A: \n"});
  CHECK(end_of(found) == "400 bare_lf");
  found = house.ask("http://api.test:8080/api/", {}, "BREW");
  CHECK(end_of(found) == "405 method_unknown");
}

TEST_CASE("explain: a rule that the service relaxes") {
  House house(kSite);
  house.listeners[0].service_allowed[0].add(http::Reason::target_char);
  CHECK(end_of(house.ask("http://api.test:8080/api/\"")) == "backend");
  CHECK(end_of(house.ask("http://api.test:8080/api/|<")) == "backend");
  CHECK(end_of(house.ask("http://api.test:8080/ip/<")) == "400 target_char");
}

TEST_CASE("explain: the same service as the router's") {
  const House house(kSite);
  worker::route::Router router(house.config.listeners[0].services);
  for (const std::string path :
       {"/", "/api/", "/x/../api/", "/%61pi/", "/web", "/private", "/ip", "//web", "/API/"}) {
    for (const std::string host : {"api.test", "www.test"}) {
      const Explanation found = house.ask("http://" + host + ":8080" + path);
      const std::string lines = "Host: " + host + ":8080\r\n\r\n";
      CAPTURE(path);
      CHECK(found.service == router.route("GET", path, lines));
    }
  }
}

TEST_CASE("explain: the path that a backend gets, and redirects with variables") {
  const House house(R"yaml(---
Backends:
  - &b1 {Address: 127.0.0.1, Port: 81}
HTTPListeners:
  - Address: 127.0.0.1
    Port: 8080
    Services:
      - URL: "^/old/(.*)"
        Redirect: https://$host/new/$1?$query
      - URL: ^/app
        Rewrite: [{From: ^/app/, To: /$host/}, {From: ^/application$, To: ""}]
        Backends: [*b1]
...
)yaml");
  CHECK(end_of(house.ask("http://www.test:8080/old/a")) == "302 https://www.test/new/a");
  Explanation found = house.ask("http://www.test:8080/app/x?y");
  CHECK(end_of(found) == "backend");
  CHECK(found.rewritten == "/www.test/x?y");
  CHECK(house.ask("http://www.test:8080/apple").rewritten.empty());
  found = house.ask("http://www.test:8080/application");
  CHECK(end_of(found) == "500 rewrite_invalid");
  CHECK(found.rewritten.empty());
}
