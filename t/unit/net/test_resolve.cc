#include "worker/net/resolve.h"

#include <doctest/doctest.h>
#include <netinet/in.h>

#include <algorithm>
#include <string>
#include <vector>

using worker::net::look_up;
using worker::net::read_numeric;

TEST_CASE("resolve: numeric addresses of both families") {
  const auto v4 = read_numeric({"192.0.2.7", 80, false});
  REQUIRE(v4);
  REQUIRE(v4->addresses.size() == 1);
  CHECK(worker::net::host_port_text(v4->addresses[0]) == "192.0.2.7:80");
  const auto v6 = read_numeric({"2001:db8::1", 65535, true});
  REQUIRE(v6);
  REQUIRE(v6->addresses.size() == 1);
  CHECK(worker::net::host_port_text(v6->addresses[0]) == "[2001:db8::1]:65535");
}

TEST_CASE("resolve: a name is no numeric address") {
  CHECK_FALSE(read_numeric({"localhost", 80, false}));
  CHECK_FALSE(read_numeric({"192.0.2.300", 80, false}));
}

TEST_CASE("resolve: the system's resolver gives addresses or a reason") {
  const auto found = look_up({"127.0.0.1", 80, false});
  REQUIRE(found.addresses.size() == 1);
  CHECK(found.error.empty());
  const auto none = look_up({"no-such-host.invalid", 80, false});
  CHECK(none.addresses.empty());
  CHECK_FALSE(none.error.empty());
}

namespace {

using Addresses = std::vector<worker::net::SocketAddress>;

worker::net::SocketAddress numeric(const std::string& host) {
  return read_numeric({host, 80, false})->addresses.at(0);
}

std::string text_of(const Addresses& addresses) {
  std::string text;
  for (const auto& one : addresses) text += worker::net::host_text(one) + " ";
  return text;
}

}  // namespace

TEST_CASE("resolve: a stable list does not depend on the order, and has each address once") {
  Addresses all{numeric("::1"), numeric("192.0.2.9"), numeric("192.0.2.10"), numeric("::1"),
                numeric("192.0.2.9")};
  do {
    Addresses made = all;
    worker::net::make_stable(made);
    CHECK(text_of(made) == "192.0.2.9 192.0.2.10 ::1 ");
    std::rotate(all.begin(), all.begin() + 1, all.end());
  } while (worker::net::host_text(all[0]) != "192.0.2.10");
}

TEST_CASE("resolve: what is not part of an address is left out of a stable list") {
  Addresses all{numeric("192.0.2.9"), numeric("192.0.2.9"), numeric("fe80::1"), numeric("fe80::1")};
  reinterpret_cast<sockaddr_in&>(all[0].storage).sin_zero[3] = 1;
  reinterpret_cast<sockaddr_in6&>(all[2].storage).sin6_flowinfo = 1;
  worker::net::make_stable(all);
  CHECK(text_of(all) == "192.0.2.9 fe80::1 ");
  CHECK(all[0] == numeric("192.0.2.9"));
  all.push_back(all[1]);
  reinterpret_cast<sockaddr_in6&>(all[1].storage).sin6_scope_id = 1;
  worker::net::make_stable(all);
  CHECK(all.size() == 3);  // the same address on two links
}

TEST_CASE("resolve: a stable list has at most 32 addresses, the same ones of each rotation") {
  Addresses all;
  for (int i = 0; i < 33; ++i) all.push_back(numeric("192.0.2." + std::to_string(i)));
  Addresses first = all;
  worker::net::make_stable(first);
  CHECK(first.size() == worker::net::kMaxAddresses);
  std::rotate(all.begin(), all.begin() + 7, all.end());
  worker::net::make_stable(all);
  CHECK(all == first);
  CHECK(worker::net::host_text(all[31]) == "192.0.2.31");
}
