// Items of Host.
#include "conf/host_name.h"

#include <doctest/doctest.h>

namespace {

std::string read(std::string_view text) {
  std::string error;
  const auto host = conf::parse_host_name(text, error);
  if (!host) return "error: " + error;
  return (host->is_wildcard ? "* " : "") + host->name;
}

}  // namespace

TEST_CASE("host_name: names, wildcards and addresses") {
  CHECK(read("www.Example.COM") == "www.example.com");
  CHECK(read("localhost.") == "localhost");
  CHECK(read("a_b-c.test") == "a_b-c.test");
  CHECK(read("*.example.com") == "* example.com");
  CHECK(read("192.0.2.1") == "192.0.2.1");
  CHECK(read("2001:DB8:0::1") == "[2001:db8::1]");
  CHECK(read("[::1]") == "[::1]");
}

TEST_CASE("host_name: other scripts") {
  CHECK(read("bücher.example") == "xn--bcher-kva.example");
  CHECK(read("*.Straße.example") == "* xn--strae-oqa.example");
  CHECK(read("xn--bcher-kva.example") == "xn--bcher-kva.example");
  CHECK(read("a\xff.test").starts_with("error: "));
  CHECK(read("\xe2\x80\xae.test").starts_with("error: "));  // a mark of direction
}

TEST_CASE("host_name: what is not the name of a host") {
  CHECK(read("*") == "error: leave `Host` away to match every host");
  CHECK(read("http://a.test") == "error: write the host alone, not a URL");
  CHECK(read("a.test/x") == "error: a path belongs under `Path`");
  for (const char* text : {"www.*.test", "*a.test", "*.*.test", "*."}) {
    CHECK(
        read(text) ==
        "error: an asterisk stands for whole labels at the beginning only, as in `*.example.com`");
  }
  CHECK(read("a.test:80") == "error: write it without a port: that of the request is ignored");
  CHECK(read("^a\\.test$") ==
        "error: this is no regular expression; those belong under `HeadRequire`");
  const std::string labels =
      "error: a name has labels of letters, digits, - and _, at most 63 in each and 253 in all";
  CHECK(read("a..test") == labels);
  CHECK(read("") == labels);
  CHECK(read("a b") == labels);
  CHECK(read(std::string(64, 'a')) == labels);
}
