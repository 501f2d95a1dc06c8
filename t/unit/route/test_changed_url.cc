// Tests of route/changed_url: paths that Rewrite makes, and where Redirect leads.
#include "worker/route/changed_url.h"

#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

using namespace worker::route;

namespace {

conf::Service service(const std::string& lines, bool has_backends = true) {
  const auto made = conf_test::load(
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\nHTTPListeners:\n- Address: 192.0.2.1\n"
      "  Port: 80\n  Services:\n  -" +
      std::string(has_backends ? " Backends: *be\n   " : "") + " " + lines + "\n");
  REQUIRE_MESSAGE(made.config, made.messages);
  return made.config->listeners[0].services[0];
}

// The new target, "same" or "invalid".
std::string rewritten(const std::string& rewrite, std::string_view target, std::size_t most = 99) {
  const conf::Service made = service("Rewrite: " + rewrite);
  std::string out;
  switch (rewrite_target(made.rewrites, target, {.host = "h", .client = "c", .proto = "p"}, most,
                         out)) {
    case Rewriting::none:
      return "same";
    case Rewriting::done:
      return out;
    case Rewriting::invalid:
      break;
  }
  return "invalid";
}

std::string location(const std::string& lines, std::string_view path_query,
                     std::string_view authority = "www.example.com:81") {
  const conf::Service made = service(lines, false);
  REQUIRE(made.redirect);
  const NewLocation found = redirect_location(*made.redirect, authority, path_query);
  return found.is_invalid ? "invalid" : found.url;
}

}  // namespace

TEST_CASE("changed_url: what is found is replaced, the rest and the query stay") {
  CHECK(rewritten("{From: ^/old/, To: /new/}", "/old/a?b=/old/") == "/new/a?b=/old/");
  CHECK(rewritten("{From: ^/old/, To: /new/}", "/a/old/") == "same");
  CHECK(rewritten("{From: old, To: new}", "/old/old?old") == "/new/old?old");
  CHECK(rewritten("{From: '^', To: /app}", "/a?") == "/app/a?");
  CHECK(rewritten("{From: $, To: .html}", "/a?b") == "/a.html?b");
  CHECK(rewritten("{From: ^/app(/|$), To: /}", "/app") == "/");
  CHECK(rewritten("{From: /x, To: ''}", "/a/x/b") == "/a/b");
  CHECK(rewritten("{From: '.*', To: /a%2Fb}", "/") == "/a%2Fb");
}

TEST_CASE("changed_url: groups and variables") {
  CHECK(rewritten("{From: '^/(\\w+)/(\\w+)$', To: /$2/$1}", "/a/b?q") == "/b/a?q");
  CHECK(rewritten("{From: ^/(x)?(.*), To: '/${1}y$2$$'}", "/ab") == "/yab$");
  CHECK(rewritten("{From: '^', To: /$host/$proto/$client}", "/ab") == "/h/p/c/ab");
  CHECK(rewritten("{From: '^.*$', To: /all$path}", "/ab?c") == "/all/ab?c");
}

TEST_CASE("changed_url: the first expression that is found applies, alone") {
  const std::string list = "[{From: ^/a, To: /b}, {From: ^/b, To: /c}, {From: ^/, To: /d/}]";
  CHECK(rewritten(list, "/a1") == "/b1");
  CHECK(rewritten(list, "/b1") == "/c1");
  CHECK(rewritten(list, "/x") == "/d/x");
}

TEST_CASE("changed_url: what is no target is not sent") {
  CHECK(rewritten("{From: ^/, To: ''}", "/a") == "invalid");
  CHECK(rewritten("{From: '^.*$', To: x$path}", "/a") == "invalid");
  CHECK(rewritten("{From: '^/(.)', To: /$1}", "/%41") == "/%41");
  CHECK(rewritten("{From: '^/(..).', To: /$1}", "/%41") == "invalid");
  CHECK(rewritten("{From: ^, To: /1234}", "/6789", 10) == "/1234/6789");
  CHECK(rewritten("{From: ^, To: /1234}", "/6789", 9) == "invalid");
  CHECK(rewritten("{From: '.*', To: /x}", "*") == "same");
}

TEST_CASE("changed_url: sendable targets") {
  CHECK(is_sendable_target("/", 1));
  CHECK(is_sendable_target("/a%20b?c", 9));
  for (const std::string_view bad :
       {"", "a", "/a b", "/a#b", "/a%2", "/\r\n", "/\xc3\xa4", "/\"", "/12345678"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_sendable_target(bad, 8));
  }
}

TEST_CASE("changed_url: redirects without variables are as ever") {
  CHECK(location("Redirect: https://a", "/b?c") == "https://a/b?c");
  CHECK(location("Redirect: https://a/x?y#z", "/b?c") == "https://a/x?y#z");
  CHECK(location("Redirect: https://$host", "*") == "https://www.example.com/");
  CHECK(location("Redirect: https://$host/$$1", "/b") == "https://www.example.com/$1");
  CHECK(location("Redirect: https://$host", "/b", "").empty());
}

TEST_CASE("changed_url: redirects with path, query and host") {
  CHECK(location("Redirect: https://$host/new$path?$query", "/b?c=d") ==
        "https://www.example.com/new/b?c=d");
  CHECK(location("Redirect: https://$host/new$path?$query", "/b") ==
        "https://www.example.com/new/b");
  CHECK(location("Redirect: 'https://a$path?$query'", "/b?c") == "https://a/b?c");
  CHECK(location("Redirect: 'https://${host}:8443${path}'", "/b?c") ==
        "https://www.example.com:8443/b");
  CHECK(location("Redirect: 'https://a/?host=$host&$query'", "/b?c") ==
        "https://a/?host=www.example.com&c");
  CHECK(location("Redirect: 'https://a/#$path'", "/b?c") == "https://a/#/b");
  CHECK(location("Redirect: 'https://a/x?$query#y'", "/b") == "https://a/x#y");
  CHECK(location("Redirect: https://a$path", "*") == "https://a/");
  CHECK(location("Redirect: https://$host$path", "/b", "").empty());
}

TEST_CASE("changed_url: redirects with groups of URL") {
  const std::string moved = "{URL: '^/([a-z]+)/([0-9]*)', Redirect: 'https://a/$2?was=$1'}";
  CHECK(location(moved, "/abc/12/x?y") == "https://a/12?was=abc");
  CHECK(location(moved, "/abc/") == "https://a/?was=abc");
  CHECK(location(moved, "/x/../abc/7") == "https://a/?was=x");
  CHECK(location("{URL: '^/new/(.*)', Redirect: 'https://a/$1'}", "/old/../new/b") ==
        "https://a/b");
}

TEST_CASE("changed_url: bytes that are no URL are encoded") {
  CHECK(location("Redirect: https://a/x$path?$query", "/[b]?c|d%") ==
        "https://a/x/%5Bb%5D?c%7Cd%25");
  CHECK(location("{URL: '^/(..)', Redirect: 'https://a/$1'}", "/%41") == "https://a/%254");
}

TEST_CASE("changed_url: a location has a bound") {
  const std::string path = "/" + std::string(20000, 'x');
  CHECK(location("Redirect: https://a/$path$path$path", path).size() == 3 * path.size() + 10);
  CHECK(location("Redirect: https://a/$path$path$path$path", path) == "invalid");
}
