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
            "ends it; write `Host: www.example.com`, or `Host: [www.example.com, "
            "\"*.www.example.com\"]` with all names below it");
  CHECK(conf::host_pattern_warning("^Host: www.example.com$") ==
        kSays + "a bare `.` is any character; write `Host: www.example.com`");
  CHECK(conf::host_pattern_warning("^HOST:(a|b)\\.example") ==
        kSays + "no `$` ends it; write `Host: [a.example, b.example]`");
  CHECK(conf::host_pattern_warning("^HOST:a+\\.example") == kSays + "no `$` ends it");
  CHECK(conf::host_pattern_warning("^Host: a\\.example\\$") == kSays + "no `$` ends it");
  CHECK(conf::host_pattern_warning("^Host: a\\.example\\\\$") == "");
  CHECK(conf::host_pattern_warning("Host: a[.]example$") ==
        kSays + "no `^` begins it; write `Host: a.example`");
}

TEST_CASE("host_pattern: an asterisk as in a file name") {
  const std::string says = "`*` repeats what is before it, and is no name; write `Host: ";
  CHECK(conf::host_pattern_warning("Host:*.example.com") == says + "\"*.example.com\"`");
  CHECK(conf::host_pattern_warning("^Host: *.example.com$") == says + "\"*.example.com\"`");
  CHECK(conf::host_pattern_warning("Host: *www.example.com$") ==
        kSays + "no `^` begins it, a bare `.` is any character; write `Host: www.example.com`");
}
