// Writes headers of the PROXY protocol: see proxy_header.h.
#include <netinet/in.h>

#include <cstring>

#include "worker/net/proxy_header.h"

namespace worker::net {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kUnknown = "PROXY UNKNOWN\r\n";
constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
enum Command : char { kLocal = 0x20, kProxy = 0x21 };
enum Kind : char { kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21 };

bool is_v6(const SocketAddress& address) { return address.storage.ss_family == AF_INET6; }

// The bytes of an IPv6 address; those of an IPv4 address behind the prefix that marks them.
in6_addr v6_bytes(const SocketAddress& address) {
  if (is_v6(address)) return reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr;
  in6_addr mapped{};
  std::memset(mapped.s6_addr + 10, 0xff, 2);
  std::memcpy(mapped.s6_addr + 12, &reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr,
              4);
  return mapped;
}

void append_port(std::uint16_t port, std::string& to) {
  to.push_back(static_cast<char>(port >> 8));
  to.push_back(static_cast<char>(port & 0xff));
}

void append_address(const SocketAddress& address, bool as_v6, std::string& to) {
  const in6_addr bytes = v6_bytes(address);
  const std::size_t skipped = as_v6 ? 0 : 12;
  to.append(reinterpret_cast<const char*>(bytes.s6_addr) + skipped, sizeof bytes - skipped);
}

// host_text() would show an IPv4 address in the form of IPv6 as IPv4.
std::string text_of(const SocketAddress& address, bool as_v6) {
  const std::string text = host_text(address);
  return as_v6 && text.find(':') == text.npos ? "::ffff:" + text : text;
}

std::string line(const ProxiedEnds& ends, bool as_v6) {
  std::string text = as_v6 ? "PROXY TCP6 " : "PROXY TCP4 ";
  text.append(text_of(ends.source, as_v6)).append(" ");
  text.append(text_of(ends.destination, as_v6)).append(" ");
  text.append(std::to_string(port_of(ends.source))).append(" ");
  return text.append(std::to_string(port_of(ends.destination))).append("\r\n");
}

std::string binary(Command command, Kind kind, std::string_view addresses) {
  std::string header(kSignature);
  header.push_back(command);
  header.push_back(kind);
  append_port(static_cast<std::uint16_t>(addresses.size()), header);
  return header.append(addresses);
}

}  // namespace

std::string write_proxy_header(unsigned version, const std::optional<ProxiedEnds>& ends) {
  const bool is_known = ends && !is_unix(ends->source) && !is_unix(ends->destination);
  if (!is_known) {
    return version == 1 ? std::string(kUnknown) : binary(kProxy, kUnspecified, {});
  }
  const bool as_v6 = is_v6(ends->source) || is_v6(ends->destination);
  if (version == 1) return line(*ends, as_v6);
  std::string addresses;
  append_address(ends->source, as_v6, addresses);
  append_address(ends->destination, as_v6, addresses);
  append_port(port_of(ends->source), addresses);
  append_port(port_of(ends->destination), addresses);
  return binary(kProxy, as_v6 ? kTcp6 : kTcp4, addresses);
}

std::string write_local_proxy_header(unsigned version) {
  return version == 1 ? std::string(kUnknown) : binary(kLocal, kUnspecified, {});
}

}  // namespace worker::net
