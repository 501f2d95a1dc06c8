// getaddrinfo(3): see resolve.h.
#include "worker/net/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "conf/address.h"
#include "worker/net/unique_fd.h"

namespace worker::net {

namespace {

bool is_ipv6(const SocketAddress& address) { return address.storage.ss_family == AF_INET6; }

// Addresses of one answer that are looked at. More than a DNS message holds.
constexpr std::size_t kMostAnswered = 8192;

// The address with nothing else, so that equal addresses have equal bytes.
SocketAddress bare(const SocketAddress& address) {
  SocketAddress made;
  made.size = address.size;
  if (is_ipv6(address)) {
    sockaddr_in6 full;
    std::memcpy(&full, &address.storage, sizeof full);
    full.sin6_flowinfo = 0;
    std::memcpy(&made.storage, &full, sizeof full);
  } else {
    sockaddr_in full;
    std::memcpy(&full, &address.storage, sizeof full);
    std::memset(full.sin_zero, 0, sizeof full.sin_zero);
    std::memcpy(&made.storage, &full, sizeof full);
  }
  return made;
}

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
  const std::size_t most = name.is_listener ? kMaxAddresses : kMostAnswered;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (resolved.addresses.size() == most) break;
    SocketAddress address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    resolved.addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  if (!name.is_listener) make_stable(resolved.addresses);
  return resolved;
}

// Whether anything can be bound to an IPv6 address.
bool has_ipv6() {
  const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return errno != EAFNOSUPPORT;
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  return ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0 ||
         errno != EADDRNOTAVAIL;
}

}  // namespace

void make_stable(std::vector<SocketAddress>& addresses) {
  for (SocketAddress& one : addresses) one = bare(one);
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  if (addresses.size() > kMaxAddresses) addresses.resize(kMaxAddresses);
}

std::optional<Resolved> read_numeric(const Name& name) {
  if (conf::is_path(name.host))
    return Resolved{.addresses = {path_address(name.host)}, .error = {}};
  if (name.host.empty()) return Resolved{.addresses = {}, .error = "no address"};
  int error = 0;
  Resolved resolved = ask(name, AI_NUMERICHOST, error);
  if (error == EAI_NONAME) return std::nullopt;
  return resolved;
}

Resolved look_up(const Name& name) {
  int error = 0;
  Resolved resolved = ask(name, 0, error);
  const auto ipv6 = std::count_if(resolved.addresses.begin(), resolved.addresses.end(), is_ipv6);
  const bool has_others = ipv6 != static_cast<std::ptrdiff_t>(resolved.addresses.size());
  if (name.is_listener && ipv6 != 0 && has_others && !has_ipv6()) {
    std::erase_if(resolved.addresses, is_ipv6);
  }
  return resolved;
}

}  // namespace worker::net
