#include "worker/net/address.h"

#include <doctest/doctest.h>
#include <netdb.h>

#include <cstring>
#include <string>

using worker::net::SocketAddress;

namespace {

SocketAddress numeric(const char* host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  REQUIRE(::getaddrinfo(host, std::to_string(port).c_str(), &hints, &found) == 0);
  SocketAddress address;
  address.size = found->ai_addrlen;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return address;
}

}  // namespace

TEST_CASE("address: the text and the port of an address") {
  for (const std::uint16_t port : {0, 80, 8443, 65535}) {
    const std::string text = std::to_string(port);
    CHECK(worker::net::port_of(numeric("192.0.2.7", port)) == port);
    CHECK(worker::net::port_of(numeric("2001:db8::1", port)) == port);
    CHECK(worker::net::host_port_text(numeric("192.0.2.7", port)) == "192.0.2.7:" + text);
    CHECK(worker::net::host_port_text(numeric("2001:db8::1", port)) == "[2001:db8::1]:" + text);
  }
  for (const char* host : {"192.0.2.7", "0.0.0.0", "255.255.255.255", "10.0.100.9"}) {
    CHECK(worker::net::host_text(numeric(host, 80)) == host);
  }
  CHECK(worker::net::host_text(numeric("2001:db8::1", 80)) == "2001:db8::1");
}

TEST_CASE("address: only 0.0.0.0 and :: are wildcards") {
  CHECK(worker::net::is_wildcard(numeric("0.0.0.0", 80)));
  CHECK(worker::net::is_wildcard(numeric("::", 80)));
  for (const char* host : {"127.0.0.1", "0.0.0.1", "128.0.0.0", "255.255.255.255"}) {
    CHECK_FALSE(worker::net::is_wildcard(numeric(host, 80)));
  }
  for (const char* host : {"::1", "::ffff:0.0.0.0", "2001:db8::1", "8000::"}) {
    CHECK_FALSE(worker::net::is_wildcard(numeric(host, 80)));
  }
}

TEST_CASE("address: a new address has no size") { CHECK(SocketAddress{}.size == 0); }

TEST_CASE("address: another port at the same host") {
  for (const char* host : {"192.0.2.7", "2001:db8::1"}) {
    const auto address = numeric(host, 80);
    const auto other = worker::net::with_port(address, 65535);
    CHECK(worker::net::port_of(other) == 65535);
    CHECK(worker::net::host_text(other) == host);
    CHECK(worker::net::port_of(address) == 80);
  }
}

TEST_CASE("address: a Unix socket") {
  using namespace worker::net;
  const SocketAddress address = path_address("/run/app.sock");
  CHECK(address.storage.ss_family == AF_UNIX);
  CHECK(address.size == 2 + 14);
  CHECK(is_unix(address));
  CHECK_FALSE(is_unix(numeric("::1", 80)));
  CHECK(host_text(address) == "/run/app.sock");
  CHECK(host_port_text(address) == "/run/app.sock");
  CHECK(port_of(address) == 0);
  CHECK_FALSE(is_wildcard(address));
  const std::string longest = "/" + std::string(106, 'a');
  CHECK(host_text(path_address(longest)) == longest);
}

TEST_CASE("address: what is no text for a log is not shown") {
  using namespace worker::net;
  SocketAddress unnamed = path_address("");
  for (const socklen_t size : {0, 2, 3}) {
    unnamed.size = size;
    CHECK(host_text(unnamed) == "unix:");
  }
  SocketAddress abstract = path_address("/abstract");
  reinterpret_cast<char*>(&abstract.storage)[2] = '\0';
  CHECK(host_text(abstract) == "unix:");
  CHECK(host_text(path_address("/a\nb")) == "unix:");
  SocketAddress full = path_address("/" + std::string(106, 'a'));
  reinterpret_cast<char*>(&full.storage)[2 + 107] = 'b';  // without a NUL at its end
  full.size = 2 + 108;
  CHECK(host_text(full) == "unix:");
}

TEST_CASE("address: IPv4 in the form of IPv6 is shown as IPv4") {
  CHECK(worker::net::host_text(numeric("::ffff:192.0.2.7", 80)) == "192.0.2.7");
  CHECK(worker::net::host_port_text(numeric("::ffff:192.0.2.7", 80)) == "192.0.2.7:80");
}
