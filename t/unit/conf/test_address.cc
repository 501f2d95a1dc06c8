// Tests of conf/address: what an address is, and what else users write.
#include <doctest/doctest.h>

#include "conf/address.h"

namespace {

std::string parsed(std::string_view text) {
  std::string error;
  return conf::parse_address(text, error).value_or("refused");
}

std::string refusal(std::string_view text) {
  std::string error;
  CHECK_FALSE(conf::parse_address(text, error));
  return error;
}

}  // namespace

TEST_CASE("address: numeric addresses get their canonical form") {
  CHECK(parsed("192.0.2.7") == "192.0.2.7");
  CHECK(parsed("0.0.0.0") == "0.0.0.0");
  CHECK(parsed("::") == "::");
  CHECK(parsed("[::1]") == "::1");
  CHECK(parsed("2001:DB8:0:0::0001") == "2001:db8::1");
  CHECK(parsed("::ffff:192.0.2.7") == "::ffff:192.0.2.7");
  CHECK(parsed("fe80::1%eth0") == "fe80::1%eth0");
  CHECK(parsed("fe80::1%abcdefghijklmno") == "fe80::1%abcdefghijklmno");
  CHECK(parsed("fe80::1%abcdefghijklmnop") == "refused");
  CHECK(parsed("fe80::1%a/b") == "refused");
}

TEST_CASE("address: host names") {
  CHECK(parsed("localhost") == "localhost");
  CHECK(parsed("WWW.Example.COM.") == "www.example.com.");
  CHECK(parsed("web_1") == "web_1");
  CHECK(parsed("1a") == "1a");
  const std::string label(63, 'a');
  CHECK(parsed(label) == label);
  CHECK(parsed(label + "a") == "refused");
  const std::string name = label + "." + label + "." + label + "." + std::string(61, 'b');
  REQUIRE(name.size() == 253);
  CHECK(parsed(name) == name);
  CHECK(parsed(name + "c") == "refused");
  for (const char* text : {"", ".", "a..b", ".a", "-a", "a-", "a b", "a\xc3\xa9", "a,b", "[a]"}) {
    CHECK(parsed(text) == "refused");
  }
}

TEST_CASE("address: the reason of a refusal") {
  CHECK(refusal("10.0.0.256") == "this is not a valid IPv4 address");
  CHECK(refusal("10.0.0.01") == "this is not a valid IPv4 address");
  CHECK(refusal("1") == "this is not a valid IPv4 address");
  CHECK(refusal("a.1") == "this is not a valid IPv4 address");
  CHECK(refusal("::g") == "this is not a valid IPv6 address");
  CHECK(refusal("10.0.0.1:80") == "the port belongs under `Port`");
  CHECK(refusal("[::1]:80") == "the port belongs under `Port`");
  CHECK(refusal("a:80") == "the port belongs under `Port`");
  CHECK(refusal("https://a") == "write the host alone, not a URL");
  CHECK(refusal("/run/a") == "write one address, without a path or a network");
  CHECK(refusal("unix:/run/a") == "a Unix socket is its path alone, which begins with `/`");
  CHECK(refusal("@a") == "abstract Unix sockets are not supported");
  CHECK(refusal("*") == "write 0.0.0.0 or \"::\" for all addresses");
  CHECK(refusal("10.0.0.0/8") == "write one address, without a path or a network");
  CHECK(refusal(":80") == "the port belongs under `Port`");
}

TEST_CASE("address: wildcards, families, brackets and ports") {
  CHECK(conf::is_wildcard("0.0.0.0"));
  CHECK(conf::is_wildcard("::"));
  CHECK_FALSE(conf::is_wildcard("::1"));
  CHECK(conf::mapped_ipv4("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(conf::mapped_ipv4("::ffff:1") == "");
  CHECK(conf::mapped_ipv4("::192.0.2.1") == "");
  CHECK(conf::mapped_ipv4("192.0.2.1") == "");
  CHECK(conf::is_ipv6("::1"));
  CHECK_FALSE(conf::is_ipv6("a.example"));
  CHECK(conf::url_host("a.example") == "a.example");
  CHECK(conf::url_host("fe80::1%eth0") == "[fe80::1%eth0]");
  CHECK(conf::host_port("192.0.2.7", 80) == "192.0.2.7:80");
  CHECK(conf::host_port("::1", 65535) == "[::1]:65535");
}

TEST_CASE("address: the path of a Unix socket") {
  using conf::path_fault;
  CHECK(conf::is_path("/run/a"));
  for (const char* other : {"", "a", "run/a", "::1", "@a", "unix:/run/a"}) {
    CHECK_FALSE(conf::is_path(other));
  }
  for (const char* path : {"/a", "/run/app.sock", "/run/..app", "/run/app..", "/a:b,c;d=e~f!#"}) {
    CHECK(path_fault(path) == "");
  }
  CHECK(path_fault("/" + std::string(106, 'a')) == "");
  CHECK(path_fault("/" + std::string(107, 'a')) ==
        "it has 108 bytes, and the path of a Unix socket at most 107");
  const std::string special =
      "the path of a Unix socket has no spaces, quotes or special characters";
  for (const char* path :
       {"/a b", "/a\tb", "/a\"b", "/a'b", "/a`b", "/a\\b", "/\x7f", "/\xc3\xa4"}) {
    CHECK(path_fault(path) == special);
  }
  for (const char* path : {"/../a", "/run/../a", "/run/.."}) {
    CHECK(path_fault(path) == "write the path without `..`");
  }
  for (const char* path : {"/", "/run/"}) {
    CHECK(path_fault(path) == "the path of a Unix socket does not end with `/`");
  }
  CHECK(conf::host_port("/run/a:b", 0) == "/run/a:b");
  CHECK_FALSE(conf::is_ipv6("/run/a:b"));
  CHECK_FALSE(conf::is_wildcard("/"));
}
