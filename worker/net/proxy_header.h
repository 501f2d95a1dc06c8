// The header of the PROXY protocol, versions 1 and 2, with which a TCP balancer names its client.
//
// Pure: bytes in, a verdict out. The verdict does not depend on how the bytes arrive: the caller
// shows all bytes from the first one on, each time more of them, until the verdict is final.
// Version 1 is a line of text, version 2 is binary (proxy-protocol.txt of HAProxy, sections 2.1 and
// 2.2). Strict: a sender that is nearly right is refused. The destination is checked but not
// returned, and the same goes for the TLVs of version 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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

}  // namespace worker::net
