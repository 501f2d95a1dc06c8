// The advice of warnings about patterns, put into a configuration and asked with requests: it must
// do what was meant. The warnings themselves: t/unit/conf/test_host_pattern.cc and
// test_never_matches.cc.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "t/unit/route/matching.h"

namespace {

// The warnings that the loader gives for a service with this line.
std::string warnings_of(const std::string& line) {
  conf::Diagnostics diagnostics;
  const std::string yaml =
      "Backends:\n  - &be {Address: 127.0.0.1, Port: 1}\nHTTPListeners:\n"
      "  - {Address: 127.0.0.1, Port: 2, Services: [{" +
      line + ", Backends: [*be]}]}\n";
  REQUIRE_MESSAGE(conf::load_text("t", yaml, diagnostics), diagnostics.text());
  std::string messages;
  for (const conf::Diagnostic& one : diagnostics.all()) messages += one.message + "\n";
  return messages;
}

// The keys in back quotes after "write", such as "Host: www.example.com".
std::vector<std::string> keys_in(const std::string& message) {
  std::vector<std::string> keys;
  std::size_t begin = message.find("write `");
  while (begin != std::string::npos && (begin = message.find('`', begin)) != std::string::npos) {
    const std::size_t end = message.find('`', ++begin);
    keys.push_back(message.substr(begin, end - begin));
    begin = end + 1;
  }
  return keys;
}

struct Meant {
  std::string line;                // of a service
  std::vector<std::string> hosts;  // that the author means
  std::vector<std::string> others = {};
};

}  // namespace

TEST_CASE("advice: a pattern for Host becomes a `Host` that takes the hosts meant and no others") {
  const std::vector<std::string> strangers{"www.example.com.evil.org", "wwwXexample.com",
                                           "example.org", "xexample.com", ".example.com"};
  for (const Meant& meant : std::vector<Meant>{
           {"HeadRequire: 'Host:*.example.com'",
            {"www.example.com", "a.b.example.com"},
            {"example.com"}},
           {"HeadRequire: 'Host: *.example.com'", {"www.example.com"}, {"example.com"}},
           {"HeadRequire: 'Host: .*\\.example\\.com'", {"www.example.com"}, {"example.com"}},
           {"HeadRequire: 'Host: .*.example.com'", {"www.example.com"}, {"example.com"}},
           {"HeadRequire: 'Host: [^.]+\\.example\\.com'", {"www.example.com"}, {"example.com"}},
           {"HeadRequire: 'Host:.*www.example.com.*'", {"www.example.com"}, {"example.com"}},
           {"HeadRequire: 'Host: www.example.com'", {"www.example.com"}, {"example.com"}},
           {"HeadRequire: '^Host: www.example.com$'", {"www.example.com"}, {"example.com"}},
           {"HeadRequire: '^Host:\\s*www\\.example\\.com'", {"www.example.com"}},
           {"HeadRequire: '(?i)^Host: WWW.Example.com'", {"www.example.com"}},
           {"HeadRequire: 'Host: (www\\.)?example\\.com'", {"www.example.com", "example.com"}},
           {"HeadRequire: 'Host: (?:www|api).example.com(:[0-9]+)?$'",
            {"www.example.com", "api.example.com"},
            {"example.com"}},
           {"HeadRequire: '^www\\.example\\.com$'", {"www.example.com"}, {"example.com"}},
           {"HeadRequire: '^(www\\.)?example\\.com$'", {"www.example.com", "example.com"}},
           {"HeadRequire: '^www\\.example\\.com'", {"www.example.com"}, {"example.com"}},
           {"URL: '^https://www\\.example\\.com'", {"www.example.com"}, {"example.com"}},
           {"URL: '^https?://(www\\.)?example\\.com/'", {"www.example.com", "example.com"}},
           {"URL: '^www.example.com/'", {"www.example.com"}, {"example.com"}}}) {
    CAPTURE(meant.line);
    const std::string message = warnings_of(meant.line);
    CAPTURE(message);
    const std::vector<std::string> keys = keys_in(message);
    REQUIRE(!keys.empty());
    CHECK(warnings_of(keys[0]) == "");
    matching::Site site({keys[0]});
    for (const std::string& host : meant.hosts) {
      CAPTURE(host);
      CHECK(site.ask(host, "/") == "0");
      CHECK(site.ask(host + ":8080", "/a?b=c") == "0");
    }
    std::vector<std::string> others = strangers;
    others.insert(others.end(), meant.others.begin(), meant.others.end());
    for (const std::string& host : others) {
      CAPTURE(host);
      CHECK(site.ask(host, "/") == "none");
    }
  }
}

TEST_CASE("advice: what may stand for one host or for all below it, too, is told both ways") {
  const std::vector<std::string> keys = keys_in(warnings_of("HeadRequire: 'Host:.*example.com'"));
  REQUIRE(keys ==
          std::vector<std::string>{"Host: example.com", "Host: [example.com, \"*.example.com\"]"});
  matching::Site site({keys[1]});
  CHECK(site.ask("example.com", "/") == "0");
  CHECK(site.ask("www.example.com", "/") == "0");
  CHECK(site.ask("xexample.com", "/") == "none");
}

TEST_CASE("advice: a pattern that nothing matches becomes one that matches what was meant") {
  struct Case {
    std::string line, host, path_query, others;
  };
  for (const Case& one : std::vector<Case>{
           {"URL: '^https://www.example.com/api'", "www.example.com", "/api/1", "/x/api"},
           {"URL: '^https?:\\/\\/www\\.example\\.com\\/api\\/'", "www.example.com", "/api/1",
            "/api"},
           {"URL: '^www.example.com/api$'", "www.example.com", "/api", "/api/1"},
           {"URL: '^api/v[12]'", "a.test", "/api/v2", "/x/api/v2"},
           {"URL: '^$'", "a.test", "/", "/a"},
           {"HeadRequire: '^/api/.*\\.html'", "a.test", "/api/a.html", "/x/api/a.html"}}) {
    CAPTURE(one.line);
    CHECK(matching::Site({one.line}).ask(one.host, one.path_query) == "none");
    const std::string message = warnings_of(one.line);
    CAPTURE(message);
    const std::vector<std::string> keys = keys_in(message);
    REQUIRE(!keys.empty());
    std::string all;
    for (const std::string& key : keys) all += (all.empty() ? "" : ", ") + key;
    CHECK(warnings_of(all) == "");
    matching::Site site({all});
    CHECK(site.ask(one.host, one.path_query) == "0");
    CHECK(site.ask(one.host, one.others) == "none");
  }
}

TEST_CASE("advice: no blank before the colon of a header") {
  for (const std::string line : {"HeadRequire: '^X-Kind : blue'", "HeadRequire: 'X-Kind : blue'"}) {
    CHECK(matching::Site({line}).ask("a.test", "/", "X-Kind: blue\r\n") == "none");
    const std::vector<std::string> keys = keys_in(warnings_of(line));
    REQUIRE(keys == std::vector<std::string>{"HeadRequire: '^X-Kind: blue'"});
    CHECK(matching::Site({keys[0]}).ask("a.test", "/", "X-Kind: blue\r\n") == "0");
  }
}
