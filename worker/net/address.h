// A socket address, IPv4 or IPv6, and its numeric text.
//
// Plain values and pure functions; nothing here resolves a name. A host is "192.0.2.7" or
// "2001:db8::1"; with its port it is "192.0.2.7:80" or "[2001:db8::1]:80".
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace worker::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// Compares all bytes in use.
bool operator==(const SocketAddress& one, const SocketAddress& other);
bool operator<(const SocketAddress& one, const SocketAddress& other);

std::string host_text(const SocketAddress& address);
std::string host_port_text(const SocketAddress& address);
std::uint16_t port_of(const SocketAddress& address);
SocketAddress with_port(SocketAddress address, std::uint16_t port);
bool is_wildcard(const SocketAddress& address);  // 0.0.0.0 or ::

}  // namespace worker::net
