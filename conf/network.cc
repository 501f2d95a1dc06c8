// The text of IP addresses and networks: see network.h.
//
// IPv4 is read and written by hand, because a worker does so for requests; IPv6 by the C library.
#include "conf/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>
#include <iterator>

#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::size_t kMostDigits = 3;  // of a part of an IPv4 address

unsigned all_bits(bool is_v6) { return is_v6 ? 128 : 32; }

// Four decimal parts from 0 to 255 without leading zeros, which some programs read as octal.
std::optional<IpAddress> parse_ipv4(std::string_view text) {
  std::uint64_t value = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (p == end || *p++ != '.')) return std::nullopt;
    const char* const first = p;
    unsigned number = 0;
    while (p != end && is_digit(*p) && p - first < static_cast<int>(kMostDigits)) {
      number = number * 10 + static_cast<unsigned>(*p++ - '0');
    }
    if (p == first || number > 255 || (*first == '0' && p - first > 1)) return std::nullopt;
    value = value << 8 | number;
  }
  if (p != end) return std::nullopt;
  return IpAddress{0, value, false};
}

// The bits behind the first `bits` of a half with 64 bits.
std::uint64_t rest_of_half(std::uint64_t half, unsigned bits) {
  return bits >= 64 ? 0 : half << bits >> bits;
}

IpAddress masked(IpAddress address, unsigned bits) {
  if (!address.is_v6) {
    address.low &= ~rest_of_half(0xffffffff, 32 + bits);
    return address;
  }
  address.high &= ~rest_of_half(~std::uint64_t{0}, bits);
  address.low &= ~rest_of_half(~std::uint64_t{0}, bits < 64 ? 0 : bits - 64);
  return address;
}

// The text of `address` may say more about its prefix than the address, which has become IPv4.
bool is_written_as_v6(std::string_view text) { return text.find(':') != std::string_view::npos; }

std::string what_is_wrong(std::string_view address) {
  if (address.starts_with('[')) return "write the address without brackets and without a port";
  if (address.find('%') != std::string_view::npos) return "write the address without a zone";
  const std::size_t colon = address.rfind(':');
  if (colon != std::string_view::npos && parse_ipv4(address.substr(0, colon))) {
    return "write the address without a port";
  }
  const std::size_t dash = address.find('-');
  if (dash != std::string_view::npos && parse_ip(address.substr(0, dash))) {
    return "write networks instead of a range";
  }
  return "expected an IP address or a network such as 192.0.2.0/24";
}

std::string expected_prefix(std::string_view prefix, bool is_v6) {
  if (parse_ipv4(prefix)) return "write the prefix as a number of bits such as /24";
  return "expected a prefix from /0 to /" + std::to_string(all_bits(is_v6));
}

}  // namespace

Network network_of(const IpAddress& address, unsigned bits4, unsigned bits6) {
  const unsigned bits = address.is_v6 ? bits6 : bits4;
  return {masked(address, bits), bits};
}

IpAddress ip_from_bytes(const unsigned char* sixteen) {
  IpAddress address{0, 0, true};
  for (int i = 0; i < 8; ++i) {
    address.high = address.high << 8 | sixteen[i];
    address.low = address.low << 8 | sixteen[i + 8];
  }
  if (address.high == 0 && address.low >> 32 == 0xffff) {
    return {0, address.low & 0xffffffff, false};
  }
  return address;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (!is_written_as_v6(text)) return parse_ipv4(text);
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size() || std::memchr(text.data(), 0, text.size()) != nullptr) {
    return std::nullopt;
  }
  text.copy(copy.data(), text.size());
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, copy.data(), bytes.data()) != 1) return std::nullopt;
  return ip_from_bytes(bytes.data());
}

std::string ip_text(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.is_v6) {
    std::array<unsigned char, 16> bytes{};
    for (unsigned i = 0; i < 8; ++i) {
      bytes[i] = static_cast<unsigned char>(address.high >> (56 - 8 * i));
      bytes[i + 8] = static_cast<unsigned char>(address.low >> (56 - 8 * i));
    }
    ::inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
    return text;
  }
  char* end = text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (end != text) *end++ = '.';
    end = std::to_chars(end, std::end(text), address.low >> shift & 255).ptr;
  }
  return {text, end};
}

std::optional<Network> parse_network(std::string_view text, std::string& error) {
  const std::size_t slash = text.find('/');
  const std::string_view written = text.substr(0, slash);
  const std::optional<IpAddress> address = parse_ip(written);
  if (!address) {
    error = what_is_wrong(written);
    return std::nullopt;
  }
  if (slash == std::string_view::npos) return Network{*address, all_bits(address->is_v6)};
  const bool is_mapped = !address->is_v6 && is_written_as_v6(written);
  const std::int64_t least = is_mapped ? 96 : 0;
  const std::string_view prefix = text.substr(slash + 1);
  const std::optional<std::int64_t> bits = parse_whole_number(prefix);
  if (!bits || *bits < least || *bits > least + all_bits(address->is_v6)) {
    error =
        is_mapped ? "write this network as one of IPv4" : expected_prefix(prefix, address->is_v6);
    return std::nullopt;
  }
  const auto wanted_bits = static_cast<unsigned>(*bits - least);
  const Network wanted = network_of(*address, wanted_bits, wanted_bits);
  if (wanted.address == *address) return wanted;
  error = "which has bits set behind its prefix; write " + ip_text(wanted.address) + "/" +
          std::to_string(wanted.bits);
  return std::nullopt;
}

std::string network_text(const Network& network) {
  std::string text = ip_text(network.address);
  if (network.bits != all_bits(network.address.is_v6)) text += "/" + std::to_string(network.bits);
  return text;
}

}  // namespace conf
