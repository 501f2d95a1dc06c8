#include "worker/heritage.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <string>

using worker::SocketAddress;

namespace {

SocketAddress v4(const char* host, std::uint16_t port) {
  SocketAddress address;
  auto* name = reinterpret_cast<sockaddr_in*>(&address.storage);
  name->sin_family = AF_INET;
  REQUIRE(inet_pton(AF_INET, host, &name->sin_addr) == 1);
  name->sin_port = htons(port);
  address.size = sizeof *name;
  return address;
}

SocketAddress v6(const char* host, std::uint16_t port) {
  SocketAddress address;
  auto* name = reinterpret_cast<sockaddr_in6*>(&address.storage);
  name->sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, host, &name->sin6_addr) == 1);
  name->sin6_port = htons(port);
  address.size = sizeof *name;
  return address;
}

}  // namespace

TEST_CASE("heritage: an address as text and its port") {
  for (const std::uint16_t port : {0, 80, 8443, 65535}) {
    const std::string text = std::to_string(port);
    CHECK(worker::port_of(v4("192.0.2.7", port)) == port);
    CHECK(worker::port_of(v6("2001:db8::1", port)) == port);
    CHECK(worker::host_port_text(v4("192.0.2.7", port)) == "192.0.2.7:" + text);
    CHECK(worker::host_port_text(v6("2001:db8::1", port)) == "[2001:db8::1]:" + text);
  }
  for (const char* host : {"192.0.2.7", "0.0.0.0", "255.255.255.255", "10.0.100.9"}) {
    CHECK(worker::host_text(v4(host, 80)) == host);
  }
  CHECK(worker::host_text(v6("2001:db8::1", 80)) == "2001:db8::1");
}

TEST_CASE("heritage: the addresses that stand for all of their family") {
  CHECK(worker::is_wildcard(v4("0.0.0.0", 80)));
  CHECK(worker::is_wildcard(v6("::", 80)));
  for (const char* host : {"127.0.0.1", "0.0.0.1", "128.0.0.0", "255.255.255.255"}) {
    CHECK_FALSE(worker::is_wildcard(v4(host, 80)));
  }
  for (const char* host : {"::1", "::ffff:0.0.0.0", "2001:db8::1", "8000::"}) {
    CHECK_FALSE(worker::is_wildcard(v6(host, 80)));
  }
}
