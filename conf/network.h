// IP addresses and networks as numbers, and their text.
//
// Pure values and functions; nothing is resolved. An IPv4 address in the form of IPv6
// (::ffff:192.0.2.1, RFC 4291 2.5.5.2) is that IPv4 address everywhere, so that a rule for one
// form cannot be evaded by the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conf {

// The numbers are in the order of the host. Two addresses compare equal if they are the same.
struct IpAddress {
  std::uint64_t high = 0;  // of IPv6: the first 64 bits; of IPv4: 0
  std::uint64_t low = 0;   // of IPv6: the last 64 bits; of IPv4: all 32
  bool is_v6 = false;

  bool operator==(const IpAddress&) const = default;
};

// All addresses that begin with the same `bits` bits as `address`, whose other bits are 0.
struct Network {
  IpAddress address;
  unsigned bits = 0;  // 0..32, or 0..128 of IPv6

  bool operator==(const Network&) const = default;
};

// The network of `address` with so many bits, for IPv4 or for IPv6.
Network network_of(const IpAddress& address, unsigned bits4, unsigned bits6);

// The 16 bytes of an IPv6 address as they are in a packet.
IpAddress ip_from_bytes(const unsigned char* sixteen);

// "192.0.2.7" or "2001:db8::1". No brackets, port, zone or white space.
std::optional<IpAddress> parse_ip(std::string_view text);
// In the form that RFC 5952 recommends. parse_ip() reads it.
std::string ip_text(const IpAddress& address);

// "192.0.2.0/24", "2001:db8::/32", or one address. Nothing when `text` is none of these; `error`
// then says what to write instead, as the end of a sentence.
std::optional<Network> parse_network(std::string_view text, std::string& error);
// "192.0.2.0/24"; with all of its bits, it is the address alone.
std::string network_text(const Network& network);

}  // namespace conf
