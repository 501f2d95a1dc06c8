// The header of the PROXY protocol, versions 1 and 2, with which a balancer names its client.
//
// Pure: bytes in, a verdict out, and back (write_proxy_header.cc). The verdict does not depend on
// how the bytes arrive: the caller shows all bytes from the first one on, each time more of them,
// until the verdict is final. Version 1 is a line of text, version 2 is binary (proxy-protocol.txt
// of HAProxy, sections 2.1 and 2.2). Strict: a sender that is nearly right is refused. The
// destination is checked but not returned, and the same goes for the TLVs of version 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "worker/net/address.h"

namespace worker::net {

inline constexpr std::size_t kMaxProxyLine = 107;    // bytes of version 1, with CR and LF
inline constexpr std::size_t kProxyPrologue = 16;    // bytes of version 2 before the addresses
inline constexpr std::size_t kMaxProxyBlock = 4096;  // bytes of version 2 behind the prologue
inline constexpr std::size_t kMaxProxyHeader = kProxyPrologue + kMaxProxyBlock;

struct ProxyHeader {
  enum class Verdict : std::uint8_t {
    incomplete,  // more bytes decide
    complete,
    bad,
  };

  Verdict verdict = Verdict::incomplete;
  std::size_t size = 0;  // of a complete header
  const char* why = "";  // it is bad: a literal, as the end of "the header …"
  // The client's address and port, from a complete header. An IPv4 address in the form of IPv6 has
  // become IPv4. Nothing: the header does not speak for a client, so the sender is the client.
  std::optional<SocketAddress> source = {};
};

ProxyHeader parse_proxy_header(std::string_view bytes);

// The longest header that write_proxy_header() makes.
inline constexpr std::size_t kMostProxyWritten = kMaxProxyLine;

// The two ends of a client's connection, for a header. Where one is IPv4 and the other IPv6, IPv4
// takes the form of IPv6, because a header has one family.
struct ProxiedEnds {
  SocketAddress source;       // the client
  SocketAddress destination;  // the listener
};

// The header of a connection that speaks for a client. Version 1 or 2. Without ends the client has
// no IP address: UNKNOWN or AF_UNSPEC, so that the receiver takes the sender for the client.
std::string write_proxy_header(unsigned version, const std::optional<ProxiedEnds>& ends);
// The header of a connection that speaks for no client, such as a check: UNKNOWN or LOCAL.
std::string write_local_proxy_header(unsigned version);

}  // namespace worker::net
