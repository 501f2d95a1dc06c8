// See local_address.h.
//
// Binds a socket that is closed at once, to a port that the kernel chooses: so neither a listener
// nor a lack of rights is in the way, and all settings of the system count.
#include "worker/net/local_address.h"

#include <cerrno>

#include "worker/net/unique_fd.h"

namespace worker::net {

namespace {

// All of 127.0.0.0/8 is everywhere.
bool is_ipv4_loopback(const SocketAddress& address) {
  return address.storage.ss_family == AF_INET && host_text(address).starts_with("127.");
}

}  // namespace

bool is_missing_here(const SocketAddress& address) {
  if (is_unix(address) || is_wildcard(address) || is_ipv4_loopback(address)) return false;
  const UniqueFd socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return false;
  const SocketAddress any_port = with_port(address, 0);
  const auto* const name = reinterpret_cast<const sockaddr*>(&any_port.storage);
  return ::bind(socket.get(), name, any_port.size) != 0 && errno == EADDRNOTAVAIL;
}

}  // namespace worker::net
