// Tests of conf/network: what is an address or a network, and what is said about the rest.
#include "conf/network.h"

#include <doctest/doctest.h>

using conf::IpAddress;
using conf::Network;

namespace {

std::string address(std::string_view text) {
  const auto found = conf::parse_ip(text);
  return found ? conf::ip_text(*found) : "none";
}

std::string network(std::string_view text) {
  std::string error;
  const auto found = conf::parse_network(text, error);
  CHECK(found.has_value() == error.empty());
  return found ? conf::network_text(*found) : error;
}

}  // namespace

TEST_CASE("network: addresses") {
  CHECK(conf::parse_ip("192.0.2.7") == IpAddress{0, 0xc0000207, false});
  CHECK(conf::parse_ip("2001:db8::1") == IpAddress{0x20010db800000000, 1, true});
  for (const char* text : {"0.0.0.0", "255.255.255.255", "10.20.30.40", "::", "::1", "2001:db8::",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1:2:3:4:5:6:7:8"}) {
    CHECK(address(text) == std::string(text));
  }
  CHECK(address("2001:DB8:0:0:0:0:0:A") == "2001:db8::a");
}

TEST_CASE("network: an IPv4 address in the form of IPv6 is that IPv4 address") {
  CHECK(address("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(address("::FFFF:c000:207") == "192.0.2.7");
  CHECK(address("::fffe:192.0.2.7") == "::fffe:c000:207");
  CHECK(address("1::ffff:192.0.2.7") == "1::ffff:c000:207");
  CHECK(network("::ffff:192.0.2.0/120") == "192.0.2.0/24");
  CHECK(network("::ffff:0.0.0.0/96") == "0.0.0.0/0");
  CHECK(network("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(network("::ffff:192.0.2.7/120") ==
        "which has bits set behind its prefix; write 192.0.2.0/24");
  CHECK(network("::ffff:0.0.0.0/95") == "write this network as one of IPv4");
  CHECK(network("::ffff:0.0.0.0/129") == "write this network as one of IPv4");
}

TEST_CASE("network: what is no address") {
  for (const char* text : {"",
                           ".",
                           "1",
                           "1.2.3",
                           "1.2.3.",
                           ".1.2.3",
                           "1..2.3",
                           "1.2.3.4.",
                           "1.2.3.4.5",
                           "256.1.1.1",
                           "1.1.1.256",
                           "01.2.3.4",
                           "1.2.3.00",
                           "1.2.3.0004",
                           "1.2.3.4 ",
                           " 1.2.3.4",
                           "+1.2.3.4",
                           "-1.2.3.4",
                           "0x1.2.3.4",
                           "a.b.c.d",
                           "1,2,3,4",
                           ":",
                           ":::",
                           "::1::",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "12345::",
                           "g::",
                           "[::1]",
                           "::1%lo",
                           "::1 ",
                           "::256.0.0.1",
                           "www.example.com",
                           "0000:0000:0000:0000:0000:ffff:255.255.255.2555"}) {
    CHECK_MESSAGE(address(text) == "none", text);
  }
  CHECK(address(std::string_view("1.2.3.4\0", 8)) == "none");
  CHECK(address(std::string_view("::1\0", 4)) == "none");
}

TEST_CASE("network: networks") {
  for (const char* text : {"0.0.0.0/0", "192.0.2.0/24", "192.0.2.128/25", "10.0.0.0/8", "::/0",
                           "2001:db8::/32", "2001:db8:0:1::/64", "2001:db8:0:0:8000::/65",
                           "192.0.2.254/31", "::1:0:0:0/80", "8000::/1", "128.0.0.0/1"}) {
    CHECK(network(text) == std::string(text));
  }
  CHECK(network("192.0.2.7/32") == "192.0.2.7");
  CHECK(network("2001:db8::7/128") == "2001:db8::7");
  CHECK(network("192.0.2.7") == "192.0.2.7");
}

TEST_CASE("network: bits behind the prefix") {
  const std::string advice = "which has bits set behind its prefix; write ";
  CHECK(network("192.0.2.1/24") == advice + "192.0.2.0/24");
  CHECK(network("192.0.2.1/31") == advice + "192.0.2.0/31");
  CHECK(network("192.0.2.1/0") == advice + "0.0.0.0/0");
  CHECK(network("2001:db8::1/64") == advice + "2001:db8::/64");
  CHECK(network("2001:db8::1/127") == advice + "2001:db8::/127");
  CHECK(network("2001:db8:0:1::/63") == advice + "2001:db8::/63");
  CHECK(network("2001:db8::/1") == advice + "::/1");
  CHECK(network("8000::1/1") == advice + "8000::/1");
}

TEST_CASE("network: what to write instead") {
  const std::string expected = "expected an IP address or a network such as 192.0.2.0/24";
  CHECK(network("") == expected);
  CHECK(network("www.example.com") == expected);
  CHECK(network("all") == expected);
  CHECK(network("/24") == expected);
  CHECK(network("10/8") == expected);
  CHECK(network("192.0.2.0/33") == "expected a prefix from /0 to /32");
  CHECK(network("192.0.2.0/") == "expected a prefix from /0 to /32");
  CHECK(network("192.0.2.0/-1") == "expected a prefix from /0 to /32");
  CHECK(network("192.0.2.0/24/24") == "expected a prefix from /0 to /32");
  CHECK(network("192.0.2.0/99999999999999999999") == "expected a prefix from /0 to /32");
  CHECK(network("2001:db8::/129") == "expected a prefix from /0 to /128");
  CHECK(network("192.0.2.0/255.255.255.0") == "write the prefix as a number of bits such as /24");
  CHECK(network("192.0.2.1:80") == "write the address without a port");
  CHECK(network("[2001:db8::1]:80") == "write the address without brackets and without a port");
  CHECK(network("fe80::1%eth0") == "write the address without a zone");
  CHECK(network("192.0.2.1-192.0.2.9") == "write networks instead of a range");
}
