// Headers that Pound writes, as its own parser reads them.
#include <random>
#include <string>

#include "t/unit/net/proxy_headers.h"
#include "worker/net/ip_address.h"

using namespace std::string_view_literals;
using namespace worker::net;
using proxy_headers::verdict;

namespace {

SocketAddress address(const char* ip, std::uint16_t port) {
  return socket_address(parse_ip(ip).value(), port);
}

std::string header(unsigned version, const char* source, const char* destination) {
  return write_proxy_header(version, ProxiedEnds{address(source, 5000), address(destination, 80)});
}

}  // namespace

TEST_CASE("write_proxy_header: version 1") {
  CHECK(header(1, "192.0.2.7", "198.51.100.1") == "PROXY TCP4 192.0.2.7 198.51.100.1 5000 80\r\n");
  CHECK(header(1, "2001:db8::7", "::1") == "PROXY TCP6 2001:db8::7 ::1 5000 80\r\n");
  CHECK(header(1, "192.0.2.7", "::1") == "PROXY TCP6 ::ffff:192.0.2.7 ::1 5000 80\r\n");
  CHECK(header(1, "2001:db8::7", "127.0.0.1") ==
        "PROXY TCP6 2001:db8::7 ::ffff:127.0.0.1 5000 80\r\n");
}

TEST_CASE("write_proxy_header: version 2") {
  CHECK(header(2, "192.0.2.7", "198.51.100.1") ==
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x13\x88\0\x50"sv);
  CHECK(header(2, "2001:db8::7", "127.0.0.1") ==
        "\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"
        "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01\x13\x88\0\x50"sv);
}

TEST_CASE("write_proxy_header: no client, or none with an address") {
  CHECK(write_proxy_header(1, std::nullopt) == "PROXY UNKNOWN\r\n");
  CHECK(write_proxy_header(2, std::nullopt) == "\r\n\r\n\0\r\nQUIT\n\x21\0\0\0"sv);
  CHECK(write_local_proxy_header(1) == "PROXY UNKNOWN\r\n");
  CHECK(write_local_proxy_header(2) == "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"sv);
  const ProxiedEnds ends{path_address("/run/a"), address("127.0.0.1", 80)};
  CHECK(write_proxy_header(1, ends) == "PROXY UNKNOWN\r\n");
  for (const std::string& one : {write_proxy_header(2, ends), write_local_proxy_header(2)}) {
    CHECK(verdict(one) == "the peer in 16");
  }
}

TEST_CASE("write_proxy_header: the parser reads what the writer writes") {
  std::mt19937_64 random(1);
  const auto any = [&] {
    const bool is_v6 = random() % 2 == 0;
    // Some are short or special.
    const std::uint64_t mask = random() % 3 == 0 ? 0xff : ~std::uint64_t{0};
    const IpAddress ip = is_v6 ? IpAddress{random() & mask, random() & mask, true}
                               : IpAddress{0, random() & mask & 0xffffffff, false};
    return socket_address(ip, static_cast<std::uint16_t>(random() & mask));
  };
  for (int round = 0; round < 20'000; ++round) {
    const ProxiedEnds ends{any(), any()};
    for (const unsigned version : {1u, 2u}) {
      const std::string text = write_proxy_header(version, ends);
      REQUIRE(text.size() <= kMostProxyWritten);
      const ProxyHeader read = parse_proxy_header(text);
      REQUIRE(read.verdict == ProxyHeader::Verdict::complete);
      REQUIRE(read.size == text.size());
      REQUIRE(read.source);
      REQUIRE(host_port_text(*read.source) == host_port_text(ends.source));
    }
  }
}
