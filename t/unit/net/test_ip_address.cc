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
