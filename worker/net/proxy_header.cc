// The header of the PROXY protocol: see proxy_header.h.
#include "worker/net/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "worker/net/crc32c.h"

namespace worker::net {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;

ProxyHeader bad(const char* why) { return {.verdict = ProxyHeader::Verdict::bad, .why = why}; }

ProxyHeader complete(std::size_t size, const std::optional<SocketAddress>& source = {}) {
  return {.verdict = ProxyHeader::Verdict::complete, .size = size, .source = source};
}

// `address` and `port` are in the order of the network.
SocketAddress ipv4(const void* address, in_port_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = port;
  std::memcpy(&made.sin_addr, address, sizeof made.sin_addr);
  SocketAddress out;
  std::memcpy(&out.storage, &made, sizeof made);
  out.size = sizeof made;
  return out;
}

SocketAddress ipv6(const void* address, in_port_t port) {
  sockaddr_in6 made{};
  made.sin6_family = AF_INET6;
  made.sin6_port = port;
  std::memcpy(&made.sin6_addr, address, sizeof made.sin6_addr);
  if (IN6_IS_ADDR_V4MAPPED(&made.sin6_addr)) return ipv4(made.sin6_addr.s6_addr + 12, port);
  SocketAddress out;
  std::memcpy(&out.storage, &made, sizeof made);
  out.size = sizeof made;
  return out;
}

// --- version 1

// Takes the text up to the next space, and the space.
std::string_view next_word(std::string_view& rest) {
  const std::size_t space = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(std::min(space + 1, rest.size()));
  return word;
}

// inet_pton is as strict as the protocol: no leading zeros, no zone, no brackets.
bool parse_address(int family, std::string_view text, in6_addr& address) {
  char terminated[INET6_ADDRSTRLEN] = "";
  if (text.size() >= sizeof terminated || text.find('\0') != text.npos) return false;
  text.copy(terminated, text.size());
  return ::inet_pton(family, terminated, &address) == 1;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  if (text.empty() || (text[0] == '0' && text.size() > 1)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

// `text` is the line between "PROXY " and its end.
ProxyHeader parse_text(std::string_view text, std::size_t size) {
  const std::string_view protocol = next_word(text);
  if (protocol == "UNKNOWN") return complete(size);  // whatever follows
  const int family = protocol == "TCP4" ? AF_INET : protocol == "TCP6" ? AF_INET6 : AF_UNSPEC;
  if (family == AF_UNSPEC) return bad("names neither TCP4, TCP6 nor UNKNOWN");
  in6_addr source{};
  in6_addr destination{};
  std::uint16_t port = 0;
  std::uint16_t destination_port = 0;
  if (!parse_address(family, next_word(text), source)) return bad("has no valid source address");
  if (!parse_address(family, next_word(text), destination))
    return bad("has no valid destination address");
  if (!parse_port(next_word(text), port)) return bad("has no valid source port");
  if (!parse_port(text, destination_port)) return bad("has no valid destination port");
  return complete(size,
                  family == AF_INET ? ipv4(&source, htons(port)) : ipv6(&source, htons(port)));
}

// Judges the line when all of it is there, and not before.
ProxyHeader parse_line(std::string_view bytes) {
  const std::string_view seen = bytes.substr(0, kMaxProxyLine);
  const std::size_t feed = seen.find('\n');
  if (feed == seen.npos) {
    return seen.size() == kMaxProxyLine ? bad("has no end within 107 bytes") : ProxyHeader();
  }
  if (seen.find('\r') + 1 != feed) return bad("does not end with CR and LF");
  return parse_text(seen.substr(kLineStart.size(), feed - 1 - kLineStart.size()), feed + 1);
}

// --- version 2

constexpr std::size_t kTlvStart = 3;  // type, length
constexpr unsigned kTlvChecksum = 3;  // PP2_TYPE_CRC32C
constexpr std::size_t kChecksumSize = 4;

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::size_t length_at(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

// What the byte of family and transport says.
enum Kind : unsigned { kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21, kUnix = 0x31 };

// The bytes of both addresses and ports; nothing for a kind that cannot be a client of HTTP.
std::optional<std::size_t> addresses_size(unsigned kind) {
  switch (kind) {
    case kUnspecified:
      return 0;
    case kTcp4:
      return 12;
    case kTcp6:
      return 36;
    case kUnix:
      return 216;
    default:
      return std::nullopt;
  }
}

bool checksum_fits(std::string_view header, std::size_t at) {
  std::uint32_t expected = 0;
  for (std::size_t i = 0; i < kChecksumSize; ++i)
    expected = expected << 8 | byte_at(header, at + i);
  // In place of the checksum itself there are zeros.
  std::uint32_t sum = crc32c(header.substr(0, at));
  sum = crc32c("\0\0\0\0"sv, sum);
  return crc32c(header.substr(at + kChecksumSize), sum) == expected;
}

// Walks over the TLVs from `at` to the end. Returns what is wrong, or null.
const char* check_tlvs(std::string_view header, std::size_t at) {
  std::size_t checksum = 0;  // its place
  while (at != header.size()) {
    if (header.size() - at < kTlvStart) return "ends within a TLV";
    const unsigned type = byte_at(header, at);
    const std::size_t length = length_at(header, at + 1);
    at += kTlvStart;
    if (header.size() - at < length) return "ends within a TLV";
    if (type == kTlvChecksum) {
      if (checksum != 0 || length != kChecksumSize) return "has a malformed checksum";
      checksum = at;
    }
    at += length;
  }
  return checksum != 0 && !checksum_fits(header, checksum) ? "has a wrong checksum" : nullptr;
}

std::optional<SocketAddress> source_of(std::string_view header, unsigned kind) {
  const char* const addresses = header.data() + kProxyPrologue;
  in_port_t port = 0;
  const auto copy_port = [&](std::size_t at) { std::memcpy(&port, addresses + at, sizeof port); };
  if (kind == kTcp4) {
    copy_port(8);
    return ipv4(addresses, port);
  }
  if (kind == kTcp6) {
    copy_port(32);
    return ipv6(addresses, port);
  }
  return std::nullopt;
}

// Judges each byte of the prologue as soon as it is there, so that the first wrong one decides.
ProxyHeader parse_binary(std::string_view bytes) {
  if (bytes.size() <= kSignature.size()) return {};
  const unsigned command = byte_at(bytes, 12);
  if (command >> 4 != 2) return bad("has an unknown version");
  if ((command & 15) > 1) return bad("has an unknown command");
  if (bytes.size() < 14) return {};
  // LOCAL, a check of the sender itself, counts whatever its block says.
  const unsigned kind = (command & 15) == 0 ? unsigned{kUnspecified} : byte_at(bytes, 13);
  const std::optional<std::size_t> addresses = addresses_size(kind);
  if (!addresses) return bad("is not for a stream of IPv4, IPv6 or a Unix socket");
  if (bytes.size() < kProxyPrologue) return {};
  const std::size_t length = length_at(bytes, 14);
  if (length > kMaxProxyBlock) return bad("is longer than 16 + 4096 bytes");
  if (length < *addresses) return bad("is too short for its addresses");
  const std::size_t size = kProxyPrologue + length;
  if (bytes.size() < size) return {};
  if (kind == kUnspecified) return complete(size);
  const std::string_view header = bytes.substr(0, size);
  if (const char* const wrong = check_tlvs(header, kProxyPrologue + *addresses)) return bad(wrong);
  return complete(size, source_of(header, kind));
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  const bool is_binary = bytes.starts_with(kSignature[0]);
  const std::string_view start = is_binary ? kSignature : kLineStart;
  const std::size_t common = std::min(bytes.size(), start.size());
  if (bytes.substr(0, common) != start.substr(0, common)) {
    return bad("does not begin as one of the PROXY protocol");
  }
  if (common < start.size()) return {};
  return is_binary ? parse_binary(bytes) : parse_line(bytes);
}

}  // namespace worker::net
