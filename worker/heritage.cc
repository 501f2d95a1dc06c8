// Addresses as text: see heritage.h.
#include "worker/heritage.h"

#include <arpa/inet.h>

namespace worker {

namespace {

std::uint16_t port_of(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
}

}  // namespace

std::string host_text(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  } else {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  }
  return text;
}

std::string host_port_text(const SocketAddress& address) {
  const std::string port = std::to_string(port_of(address));
  if (address.storage.ss_family == AF_INET6) return "[" + host_text(address) + "]:" + port;
  return host_text(address) + ":" + port;
}

}  // namespace worker
