// Tests of convert/regex: the dialect, names of headers, hosts.
#include <doctest/doctest.h>

#include "master/convert/regex.h"

using namespace master::convert;

namespace {

std::string re2(std::string_view text) {
  const Regex regex = to_re2(text, false);
  CHECK(regex.error == "");
  CHECK(regex.change == "");
  return regex.text;
}

}  // namespace

TEST_CASE("most expressions mean the same") {
  for (const std::string_view text :
       {"", "^/a", ".*\\.(gif|jpg)$", "[[:alpha:]]+", "[^]a]", "[a-z]{2,3}", "\\w\\d\\s\\bx",
        "Host:.*www.example.com.*", "a\\\"b", "(|a)"}) {
    CHECK(re2(text) == text);
  }
  CHECK(to_re2("^/a", true).text == "(?i)^/a");
}

TEST_CASE("escapes of GNU have another form") {
  CHECK(to_re2("\\<a\\>", false).text == "\\ba\\b");
  CHECK(to_re2("\\<a", false).change == "`\\<` is `\\b`");
  CHECK(to_re2("\\`a", false).text == "\\Aa");
  CHECK(to_re2("a\\'", false).text == "a\\z");
  CHECK(re2("\\\\<") == "\\\\<");
}

TEST_CASE("a backslash in brackets is told") {
  CHECK(to_re2("[^\\.]", false).text == "[^\\.]");
  CHECK(to_re2("[^\\.]", false).change == "a backslash in brackets escapes, as in PCRE");
  CHECK(to_re2("[a\\]]b", false).error == "");
}

TEST_CASE("what RE2 does not have is an error") {
  CHECK(to_re2("(a)\\1", false).error != "");
  CHECK(to_re2("^(?!/x)", false).error == "unknown group `(?!` (there is no look-around)");
  CHECK(to_re2("[a", false).error != "");
  CHECK(to_re2("[", false).error != "");
  CHECK(to_re2("a\\", false).error != "");
  CHECK(to_re2("*.php", false).error != "");
}

TEST_CASE("escaped texts match themselves") {
  CHECK(escaped("/a.b?c") == "/a\\.b\\?c");
  CHECK(escaped("\\.+*?()[]{}|^$") == "\\\\\\.\\+\\*\\?\\(\\)\\[\\]\\{\\}\\|\\^\\$");
}

TEST_CASE("patterns of HeadRemove that name a header") {
  CHECK(header_name("X-Foo") == "X-Foo");
  CHECK(header_name("X-Foo:") == "X-Foo");
  CHECK(header_name("^X-Foo:.*$") == "X-Foo");
  CHECK(header_name("X-Foo: .*") == "X-Foo");
  CHECK(header_name("^X-Foo") == "X-Foo*");
  CHECK(header_name("X-Foo.*") == "X-Foo*");
  CHECK(header_name("X-Foo-.*:.*") == "X-Foo-*");
  CHECK(header_name("X-Foo[^:]*:") == "X-Foo*");
  CHECK(header_name("X-Foo: a") == "");
  CHECK(header_name("(X-Foo|X-Bar)") == "");
  CHECK(header_name("") == "");
  CHECK(header_name("^") == "");
  CHECK(header_name(".*") == "");
}

TEST_CASE("the host that a pattern means") {
  CHECK(host_of("Host: www.example.com") == "www.example.com");
  CHECK(host_of("host:.*WWW\\.example\\.com.*") == "www.example.com");
  CHECK(host_of("^Host:[[:space:]]*www.example.com$") == "www.example.com");
  CHECK(host_of("^Host:\\s*a.example") == "a.example");
  CHECK(host_of("Host:*.example.com") == "");
  CHECK(host_of("Host:.*\\.example\\.com") == "");
  CHECK(host_of("Host: (a|b).example.com") == "");
  CHECK(host_of("Host: localhost") == "");
  CHECK(host_of("Host: example.com.") == "");
  CHECK(host_of("Host: ") == "");
  CHECK(host_of("User-Agent: a.b") == "");
}
