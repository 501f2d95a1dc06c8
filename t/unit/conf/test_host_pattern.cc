// Tests of conf/host_pattern: which Host patterns deserve a warning.
#include <doctest/doctest.h>

#include "conf/host_pattern.h"

namespace {

const std::string kSays = "this matches more hosts than it names: ";

}  // namespace

TEST_CASE("host_pattern: no warning for exact patterns and for other headers") {
  for (const char* pattern :
       {R"(^Host: www\.example\.com$)", R"(^Host: www\.example\.com(:[0-9]+)?$)",
        R"(^host:\s*www[.]example[.]com$)", R"((?i)^Host: .*\.example\.com$)",
        R"(^Host: [a-z.]+\.example\.com$)", "Host: .*localhost.*", "Host: localhost", "Host:", "",
        "X-Forwarded-For: 10.0.0.1", "User-Agent: .*bot.example.com.*", "www.example.com",
        R"(^Host: \[::1\])", "^Host: [a", "^Host: a\\"}) {
    CAPTURE(pattern);
    CHECK(conf::host_pattern_warning(pattern) == "");
  }
}

TEST_CASE("host_pattern: every way to match too much") {
  CHECK(conf::host_pattern_warning("Host: .*www.example.com.*") ==
        kSays +
            "no `^` begins it, `.*` stands before the name, a bare `.` is any character, no `$` "
            "ends it; for one host write '^Host: www\\.example\\.com(:[0-9]+)?$'");
  CHECK(conf::host_pattern_warning("^Host: www.example.com$") ==
        kSays +
            "a bare `.` is any character; for one host write "
            "'^Host: www\\.example\\.com(:[0-9]+)?$'");
  CHECK(conf::host_pattern_warning("^HOST:(a|b)\\.example") == kSays + "no `$` ends it");
  CHECK(conf::host_pattern_warning("^Host: a\\.example\\$") == kSays + "no `$` ends it");
  CHECK(conf::host_pattern_warning("^Host: a\\.example\\\\$") == "");
  CHECK(conf::host_pattern_warning("Host: a[.]example$") == kSays + "no `^` begins it");
}
