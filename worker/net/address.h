// A socket address: IPv4, IPv6 or the path of a Unix socket, and its text.
//
// Plain values and pure functions; nothing here resolves a name. A host is "192.0.2.7" or
// "2001:db8::1"; with its port it is "192.0.2.7:80" or "[2001:db8::1]:80". An IPv4 address in the
// form of IPv6 is shown as IPv4. A Unix socket is shown as its path, which has no port, or as
// kUnixPeer.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace worker::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// The text of a client of a Unix socket, and of a socket whose path is no text for a log.
inline constexpr std::string_view kUnixPeer = "unix:";

// `path`: as conf::path_fault() demands.
SocketAddress path_address(std::string_view path);
bool is_unix(const SocketAddress& address);
// Compares all bytes in use.
bool operator==(const SocketAddress& one, const SocketAddress& other);
bool operator<(const SocketAddress& one, const SocketAddress& other);

std::string host_text(const SocketAddress& address);
std::string host_port_text(const SocketAddress& address);
std::uint16_t port_of(const SocketAddress& address);  // 0 for a path
SocketAddress with_port(SocketAddress address, std::uint16_t port);
bool is_wildcard(const SocketAddress& address);  // 0.0.0.0 or ::

}  // namespace worker::net
