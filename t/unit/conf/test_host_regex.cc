// Tests of conf/host_regex: which hosts an expression means. That the advice works:
// t/unit/route/test_advice.cc.
#include "conf/host_regex.h"

#include <doctest/doctest.h>

namespace {

std::string advice(std::string_view text) {
  const auto meant = conf::hosts_meant_by(text);
  return meant ? conf::host_advice(*meant) : "";
}

}  // namespace

TEST_CASE("host_regex: names, groups and alternatives") {
  CHECK(advice("www.example.com") == "write `Host: www.example.com`");
  CHECK(advice("WWW\\.example[.]com(:[0-9]+)?") == "write `Host: www.example.com`");
  CHECK(advice("(www\\.)?example\\.com") == "write `Host: [www.example.com, example.com]`");
  CHECK(advice("(a|b(c|d)).test") == "write `Host: [a.test, bc.test, bd.test]`");
  CHECK(advice("a\\-b.test|c.test.*") == "write `Host: [a-b.test, c.test]`");
  CHECK(advice("(a|a).test") == "write `Host: a.test`");
}

TEST_CASE("host_regex: all names below one") {
  for (const char* text :
       {".*\\.a.test", ".+\\.a\\.test", "[^.]+\\.a.test", "*.a.test", ".*.a.test", ".*[.]a.test"}) {
    CAPTURE(text);
    CHECK(advice(text) == "write `Host: \"*.a.test\"`");
  }
  CHECK(advice(".*a.test") ==
        "write `Host: a.test`, or `Host: [a.test, \"*.a.test\"]` with all names below it");
}

TEST_CASE("host_regex: nothing for what is more than a few names") {
  for (const char* text :
       {"", "a", "localhost", "a+.test", "[a-z].test", "a.test:8080", "a.test/x", "a b.test",
        "(a.test", "a.test)", "a..test", ".a.test", "a{2}.test", "\\w.test", "a.test$x",
        "(a|b|c)(a|b|c).test", "((((((((((a.test))))))))))"}) {
    CAPTURE(text);
    CHECK(advice(text) == "");
  }
  CHECK(advice(std::string(257, 'a') + ".test") == "");
  CHECK(advice(std::string(64, 'a') + ".test") == "");
}
