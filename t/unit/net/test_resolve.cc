#include "worker/net/resolve.h"

#include <doctest/doctest.h>

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
