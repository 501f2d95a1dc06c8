// Where a listener listens and a backend is met: a numeric IP address or a host name.
//
// Syntax only: nothing is resolved here. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conf {

// The address in its usual spelling (no brackets, names in lower case). Nothing, and what is wrong
// with it in `error`, when it is neither an IP address nor a host name.
std::optional<std::string> parse_address(std::string_view text, std::string& error);

// Whether it is 0.0.0.0 or ::.
bool is_wildcard(std::string_view address);
bool is_ipv6(std::string_view address);

// As a URL has it: an IPv6 address in brackets, everything else as it is.
std::string url_host(std::string_view address);
// "192.0.2.7:80" or "[2001:db8::1]:80". The only place that joins an address and a port.
std::string host_port(std::string_view address, std::uint16_t port);

}  // namespace conf
