// Tests of route/client_network: which addresses are one client.
#include "worker/route/client_network.h"

#include <doctest/doctest.h>

#include <string>

using worker::route::client_network;

namespace {

std::string network(std::string_view ip, unsigned bits4, unsigned bits6) {
  worker::route::NetworkBytes room;
  return std::string(client_network(ip, bits4, bits6, room));
}

}  // namespace

TEST_CASE("client_network: addresses of one network have the same bytes") {
  CHECK(network("192.0.2.7", 24, 0) == network("192.0.2.250", 24, 128));
  CHECK(network("192.0.2.7", 25, 0) != network("192.0.2.250", 25, 0));
  CHECK(network("192.0.2.7", 32, 0) != network("192.0.2.6", 32, 0));
  CHECK(network("192.0.2.7", 0, 64) == network("203.0.113.9", 0, 64));
  CHECK(network("2001:db8::1", 0, 64) == network("2001:db8::ffff:0:0:1", 32, 64));
  CHECK(network("2001:db8::1", 0, 64) != network("2001:db8:0:1::1", 0, 64));
  CHECK(network("2001:db8::1", 0, 128) != network("2001:db8::2", 0, 128));
  CHECK(network("2001:db8::4", 0, 126) == network("2001:db8::7", 0, 126));
}

TEST_CASE("client_network: IPv4 and IPv6 are never the same, whatever the bits") {
  CHECK(network("0.0.0.0", 0, 0).size() == 8);
  CHECK(network("::", 0, 0).size() == 16);
  CHECK(network("::ffff:192.0.2.7", 32, 64) == network("192.0.2.7", 32, 64));
}

TEST_CASE("client_network: what is no address is its own network") {
  CHECK(network("", 32, 64) == "");
  CHECK(network("unknown", 0, 0) == "unknown");
}
