// The address of a listener or a backend: a numeric IP address, a host name, or the path of a Unix
// socket.
//
// Syntax only: nothing is resolved here. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conf {

// The address in its canonical form (no brackets, names in lower case). Nothing when `text` is
// neither an IP address nor a host name; `error` then says why, or is empty.
std::optional<std::string> parse_address(std::string_view text, std::string& error);

// The longest path of a Unix socket: sockaddr_un has 108 bytes, one of them for the end.
inline constexpr std::size_t kMaxSocketPath = 107;
// Whether an address is a path: it begins with '/'.
bool is_path(std::string_view address);
// What is wrong with the path of a Unix socket, as the end of a message; nothing when it is valid.
// Only visible ASCII characters without quotes and backslashes, so no log has to escape them.
std::string path_fault(std::string_view path);

// 0.0.0.0 or ::
bool is_wildcard(std::string_view address);
bool is_ipv6(std::string_view address);

// The IPv4 address in ::ffff:192.0.2.1 (RFC 4291 section 2.5.5.2), as parse_address() writes it.
// Empty for all others.
std::string_view mapped_ipv4(std::string_view address);

// The host as in a URL: an IPv6 address in brackets, anything else unchanged.
std::string url_host(std::string_view address);
// "192.0.2.7:80", "[2001:db8::1]:80" or "/run/app.sock", a path, which has no port. The only place
// that joins an address and a port.
std::string host_port(std::string_view address, std::uint16_t port);

}  // namespace conf
