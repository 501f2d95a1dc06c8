// Tests of conf/never_matches: which patterns nothing can match, and why. That the advice works:
// t/unit/route/test_advice.cc.
#include "conf/never_matches.h"

#include <doctest/doctest.h>

namespace {

using Kind = conf::Condition::Kind;

const std::string kLines =
    "nothing matches this: headers are searched line by line, as `Name: value`";
const std::string kPaths =
    "nothing matches this: `URL` sees the path and query only, which begin with `/`";

}  // namespace

TEST_CASE("never_matches: no warning for what can match, nor for what is too hard to read") {
  for (const char* pattern :
       {"", "^", "^Host", "^Host: www\\.example\\.com$", "^Host:", "^X-Foo.*bar$", "^User.Agent",
        "^User-Agent:.*Bot", "www\\.example\\.com", "^[A-Z]", "^(Host|X-Host): a", "^a$|^Host: b",
        "^X+-Foo: a", "^Host\\s*: a", "^www?", "bar$", "^.*\\.example\\.com$", "^\\w+: a"}) {
    CAPTURE(pattern);
    CHECK(conf::never_matches(Kind::head_require, pattern) == "");
    CHECK(conf::never_matches(Kind::head_deny, pattern) == "");
  }
  for (const char* pattern :
       {"", "^", "^/", "^/api", "^/https://", "https://www\\.example\\.com", "api", "^.*api",
        "^(/a|b)", "^[/]a", "^\\/a", "^\\*$", "^a?/b", "^a|^/b", "^(?:https://)?/a", "\\.gif$"}) {
    CAPTURE(pattern);
    CHECK(conf::never_matches(Kind::url, pattern) == "");
  }
}

TEST_CASE("never_matches: lines of a head") {
  CHECK(conf::never_matches(Kind::head_require, "^www\\.example\\.com$") ==
        kLines + "; write `Host: www.example.com`");
  CHECK(conf::never_matches(Kind::head_deny, "^www\\.example\\.com$") ==
        kLines + ", and none is or begins with `www.example.com`");
  CHECK(conf::never_matches(Kind::head_require, "^/api") ==
        kLines + ", and no name begins with `/`; write `URL: '^/api'`");
  CHECK(conf::never_matches(Kind::head_deny, "^/api") == kLines + ", and no name begins with `/`");
  CHECK(conf::never_matches(Kind::head_require, "^GET /") ==
        kLines + ", and none is or begins with `GET /`");
  CHECK(conf::never_matches(Kind::head_require, "^: a") == kLines + ", and no name is ``");
  CHECK(conf::never_matches(Kind::head_require, "^My Name: a") ==
        kLines + ", and no name is `My Name`");
  CHECK(conf::never_matches(Kind::head_require, "(?i)^host : a") ==
        "nothing matches this: no blank stands between the name of a header and its colon; write "
        "`HeadRequire: '^host: a'`");
  CHECK(conf::never_matches(Kind::head_deny, "^Host : it's") ==
        "nothing matches this: no blank stands between the name of a header and its colon");
}

TEST_CASE("never_matches: URLs") {
  CHECK(conf::never_matches(Kind::url, "^https://www.example.com/a.*") ==
        kPaths + "; write `Host: www.example.com`, and `URL: '^/a.*'`");
  CHECK(conf::never_matches(Kind::url, "^http(s)?://.*\\.example\\.com") ==
        kPaths + "; write `Host: \"*.example.com\"`");
  CHECK(conf::never_matches(Kind::url, "^https://") == kPaths);
  CHECK(conf::never_matches(Kind::url, "^https://[a-z]+\\.example\\.com/") == kPaths);
  CHECK(conf::never_matches(Kind::url, "^api") == kPaths + "; write `URL: '^/api'`");
  CHECK(conf::never_matches(Kind::url, "^\\?a=b") == kPaths);
  CHECK(conf::never_matches(Kind::url, "^$") == kPaths + "; write `URL: '^/$'`");
  CHECK(conf::never_matches(Kind::url, "/a#b") ==
        "nothing matches this: browsers keep what follows a `#` to themselves, so that no URL in a "
        "request has it");
}
