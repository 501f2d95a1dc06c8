// The address of a listener or a backend: a numeric IP address or a host name.
//
// Syntax only: nothing is resolved here. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conf {

// The address in its canonical form (no brackets, names in lower case). Nothing when `text` is
// neither an IP address nor a host name; `error` then says why, or is empty.
std::optional<std::string> parse_address(std::string_view text, std::string& error);

// 0.0.0.0 or ::
bool is_wildcard(std::string_view address);
bool is_ipv6(std::string_view address);

// The IPv4 address in ::ffff:192.0.2.1 (RFC 4291 section 2.5.5.2), as parse_address() writes it.
// Empty for all others.
std::string_view mapped_ipv4(std::string_view address);

// The host as in a URL: an IPv6 address in brackets, anything else unchanged.
std::string url_host(std::string_view address);
// "192.0.2.7:80" or "[2001:db8::1]:80". The only place that joins an address and a port.
std::string host_port(std::string_view address, std::uint16_t port);

}  // namespace conf
