// Tests of net/ip_address: the number of a socket address.
#include "worker/net/ip_address.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <cstring>

#include "worker/net/resolve.h"

namespace {

std::string text_of(const char* host) {
  const auto resolved = worker::net::read_numeric({host, 80, true});
  REQUIRE(resolved);
  return worker::net::ip_text(worker::net::ip_of(resolved->addresses.at(0)));
}

}  // namespace

TEST_CASE("ip_address: of a socket address") {
  for (const char* host : {"192.0.2.7", "0.0.0.0", "255.255.255.255", "::1", "2001:db8::7", "::"}) {
    CHECK(text_of(host) == host);
  }
}

TEST_CASE("ip_address: IPv4 in the form of IPv6 is IPv4") {
  worker::net::SocketAddress address;
  address.size = sizeof(sockaddr_in6);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  v6.sin6_family = AF_INET6;
  REQUIRE(::inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr) == 1);
  CHECK(worker::net::ip_of(address) == worker::net::IpAddress{0, 0xc0000207, false});
}

TEST_CASE("ip_address: back to a socket address") {
  using namespace worker::net;
  for (const char* host : {"192.0.2.7", "0.0.0.0", "255.255.255.255", "::1", "2001:db8::7", "::"}) {
    const SocketAddress made = socket_address(parse_ip(host).value(), 8080);
    CHECK(host_text(made) == host);
    CHECK(port_of(made) == 8080);
    CHECK(made.size == read_numeric({host, 8080, false})->addresses.at(0).size);
  }
}

TEST_CASE("ip_address: what others than our own networks can reach") {
  const auto is_public = [](const char* host) {
    return worker::net::is_public(worker::net::read_numeric({host, 80, true})->addresses.at(0));
  };
  for (const char* host :
       {"127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0",
        "172.31.255.255", "192.168.0.0", "192.168.255.255", "169.254.0.1", "100.64.0.0",
        "100.127.255.255", "::1", "fe80::1", "febf::1", "fc00::1", "fdff::1", "::ffff:10.0.0.1"}) {
    CHECK_MESSAGE(!is_public(host), host);
  }
  for (const char* host : {"0.0.0.0",
                           "::",
                           "126.255.255.255",
                           "128.0.0.0",
                           "9.255.255.255",
                           "11.0.0.0",
                           "172.15.255.255",
                           "172.32.0.0",
                           "192.167.255.255",
                           "192.169.0.0",
                           "169.253.255.255",
                           "169.255.0.0",
                           "100.63.255.255",
                           "100.128.0.0",
                           "::2",
                           "fe7f::1",
                           "fec0::1",
                           "fbff::1",
                           "fe00::1",
                           "2001:db8::1",
                           "::ffff:192.0.2.1"}) {
    CHECK_MESSAGE(is_public(host), host);
  }
  CHECK(!worker::net::is_public(worker::net::path_address("/run/pound.sock")));
}
