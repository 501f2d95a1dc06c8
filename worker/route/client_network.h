// The network that a client belongs to, as bytes to hash: addresses that count as one client.
#pragma once

#include <array>
#include <string_view>

namespace worker::route {

using NetworkBytes = std::array<char, 16>;

// The network of `client_ip`, which is numeric: its first `bits4` bits of IPv4, or `bits6` of IPv6.
// The result is in `room`, and IPv4 and IPv6 differ in its length. A text that is no address is
// returned as it is.
std::string_view client_network(std::string_view client_ip, unsigned bits4, unsigned bits6,
                                NetworkBytes& room);

}  // namespace worker::route
