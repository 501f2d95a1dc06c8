// A socket address and its text.
//
// Plain values. The text is numeric and never looked up: "192.0.2.7", "2001:db8::1", and with a
// port "192.0.2.7:80", "[2001:db8::1]:80".
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace worker::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::string host_text(const SocketAddress& address);
std::string host_port_text(const SocketAddress& address);
std::uint16_t port_of(const SocketAddress& address);
bool is_wildcard(const SocketAddress& address);  // 0.0.0.0 or ::

}  // namespace worker::net
