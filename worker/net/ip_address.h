// An IP address without a port, as a number: of a socket address or of a text.
//
// The type and its text belong to conf, which reads the same addresses from the configuration.
#pragma once

#include "conf/network.h"
#include "worker/net/address.h"

namespace worker::net {

using conf::ip_text;
using conf::IpAddress;
using conf::parse_ip;

// An IPv4 address in the form of IPv6 becomes IPv4. A zone is left out.
IpAddress ip_of(const SocketAddress& address);  // not of a path
SocketAddress socket_address(const IpAddress& ip, std::uint16_t port);

// Whether others than this machine and its own networks may reach it: neither a path nor a
// loopback, link-local, private or shared address (RFC 1918, 3927, 4193, 6598). A wildcard is
// public.
bool is_public(const SocketAddress& address);

}  // namespace worker::net
