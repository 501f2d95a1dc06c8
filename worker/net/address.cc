// Socket addresses as text and as numbers: see address.h, ip_address.h.
#include "worker/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>

#include "conf/address.h"
#include "worker/net/ip_address.h"

namespace worker::net {

namespace {

const sockaddr_in& v4(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in&>(address.storage);
}

const sockaddr_in6& v6(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

bool is_v6(const SocketAddress& address) { return address.storage.ss_family == AF_INET6; }

bool is_mapped(const SocketAddress& address) {
  return IN6_IS_ADDR_V4MAPPED(&v6(address).sin6_addr);
}

// What a socket of another program is bound to may be anything.
std::string path_text(const SocketAddress& address) {
  constexpr std::size_t kStart = offsetof(sockaddr_un, sun_path);
  const std::size_t size = std::min<std::size_t>(address.size, sizeof(sockaddr_un));
  if (size <= kStart) return std::string(kUnixPeer);
  const auto* const start = reinterpret_cast<const char*>(&address.storage) + kStart;
  const std::string path(start, ::strnlen(start, size - kStart));
  return conf::is_path(path) && conf::path_fault(path).empty() ? path : std::string(kUnixPeer);
}

std::string_view bytes_of(const SocketAddress& address) {
  return {reinterpret_cast<const char*>(&address.storage), address.size};
}

}  // namespace

SocketAddress path_address(std::string_view path) {
  sockaddr_un made{};
  made.sun_family = AF_UNIX;
  path.copy(made.sun_path, sizeof made.sun_path - 1);
  SocketAddress out;
  std::memcpy(&out.storage, &made, sizeof made);
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return out;
}

bool is_unix(const SocketAddress& address) { return address.storage.ss_family == AF_UNIX; }

bool operator==(const SocketAddress& one, const SocketAddress& other) {
  return bytes_of(one) == bytes_of(other);
}

bool operator<(const SocketAddress& one, const SocketAddress& other) {
  return bytes_of(one) < bytes_of(other);
}

std::string host_text(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const void* ipv4 = &v4(address).sin_addr;
  if (is_v6(address)) {
    if (!is_mapped(address)) {
      inet_ntop(AF_INET6, &v6(address).sin6_addr, text, sizeof text);
      return text;
    }
    ipv4 = v6(address).sin6_addr.s6_addr + 12;
  } else if (is_unix(address)) {
    return path_text(address);
  }
  // Every new client needs this text, and inet_ntop formats it slowly: without inet_ntop a
  // connection with one request takes 0.89 of the instructions of our code.
  unsigned char octets[4];
  std::memcpy(octets, ipv4, sizeof octets);
  char* end = text;
  for (const unsigned octet : octets) {
    if (end != text) *end++ = '.';
    end = std::to_chars(end, std::end(text), octet).ptr;
  }
  return {text, end};
}

std::string host_port_text(const SocketAddress& address) {
  const std::string host = host_text(address);
  return is_unix(address) ? host : conf::host_port(host, port_of(address));
}

std::uint16_t port_of(const SocketAddress& address) {
  if (is_unix(address)) return 0;
  return ntohs(is_v6(address) ? v6(address).sin6_port : v4(address).sin_port);
}

SocketAddress with_port(SocketAddress address, std::uint16_t port) {
  if (is_v6(address)) {
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  }
  return address;
}

IpAddress ip_of(const SocketAddress& address) {
  if (is_v6(address)) return conf::ip_from_bytes(v6(address).sin6_addr.s6_addr);
  return {0, ntohl(v4(address).sin_addr.s_addr), false};
}

SocketAddress socket_address(const IpAddress& ip, std::uint16_t port) {
  SocketAddress out;
  if (!ip.is_v6) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    made.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(ip.low));
    std::memcpy(&out.storage, &made, out.size = sizeof made);
    return out;
  }
  sockaddr_in6 made{};
  made.sin6_family = AF_INET6;
  made.sin6_port = htons(port);
  for (unsigned i = 0; i < 8; ++i) {
    made.sin6_addr.s6_addr[i] = static_cast<unsigned char>(ip.high >> (56 - 8 * i));
    made.sin6_addr.s6_addr[8 + i] = static_cast<unsigned char>(ip.low >> (56 - 8 * i));
  }
  std::memcpy(&out.storage, &made, out.size = sizeof made);
  return out;
}

bool is_public(const SocketAddress& address) {
  struct Range {
    IpAddress begin;
    unsigned bits;
  };
  static constexpr Range kOwn[] = {
      {{0, 0x7f000000, false}, 8},          // 127.0.0.0
      {{0, 0x0a000000, false}, 8},          // 10.0.0.0
      {{0, 0xac100000, false}, 12},         // 172.16.0.0
      {{0, 0xc0a80000, false}, 16},         // 192.168.0.0
      {{0, 0xa9fe0000, false}, 16},         // 169.254.0.0
      {{0, 0x64400000, false}, 10},         // 100.64.0.0
      {{0, 1, true}, 128},                  // ::1
      {{0xfe80000000000000, 0, true}, 10},  // fe80::
      {{0xfc00000000000000, 0, true}, 7},   // fc00::
  };
  if (is_unix(address)) return false;
  const IpAddress ip = ip_of(address);
  return std::ranges::none_of(kOwn, [&ip](const Range& range) {
    return ip.is_v6 == range.begin.is_v6 &&
           conf::network_of(ip, range.bits, range.bits).address == range.begin;
  });
}

bool is_wildcard(const SocketAddress& address) {
  if (is_unix(address)) return false;
  if (is_v6(address)) return IN6_IS_ADDR_UNSPECIFIED(&v6(address).sin6_addr);
  return v4(address).sin_addr.s_addr == INADDR_ANY;
}

}  // namespace worker::net
