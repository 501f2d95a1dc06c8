// getaddrinfo(3): see resolve.h.
#include "worker/net/resolve.h"

#include <netdb.h>

#include <cerrno>
#include <cstring>

namespace worker::net {

namespace {

Resolved ask(const Name& name, int flags, int& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags | (name.is_listener ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  error = ::getaddrinfo(name.host.c_str(), std::to_string(name.port).c_str(), &hints, &found);
  Resolved resolved;
  if (error != 0) {
    resolved.error = error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error);
    return resolved;
  }
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (resolved.addresses.size() == kMaxAddresses) break;
    SocketAddress address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    resolved.addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return resolved;
}

}  // namespace

std::optional<Resolved> read_numeric(const Name& name) {
  int error = 0;
  Resolved resolved = ask(name, AI_NUMERICHOST, error);
  if (error == EAI_NONAME) return std::nullopt;
  return resolved;
}

Resolved look_up(const Name& name) {
  int error = 0;
  return ask(name, 0, error);
}

}  // namespace worker::net
