// From names to socket addresses, with the system's resolver.
//
// Pure apart from the resolver: no state, no log. look_up() blocks for as long as the resolver
// takes, so neither the master nor a worker may call it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/net/address.h"

namespace worker::net {

// A name may have more addresses: the first ones in the order of their bytes count, or the
// resolver's first ones for a listener.
inline constexpr std::size_t kMaxAddresses = 32;

struct Name {
  // A name, a numeric address or the path of a Unix socket. Empty: there is none, in a
  // configuration with errors
  std::string host;
  std::uint16_t port = 0;
  bool is_listener = false;  // the address is to be bound
};

struct Resolved {
  std::vector<SocketAddress> addresses;  // at most kMaxAddresses
  std::string error;                     // why there are none
};

// Makes a list that does not depend on the order of the answer, since a resolver may rotate it:
// sorted by family and bytes, each address once, at most kMaxAddresses. Sets everything but family,
// address, scope and port to 0.
void make_stable(std::vector<SocketAddress>& addresses);

// Nothing when the host is a name. Never blocks.
std::optional<Resolved> read_numeric(const Name& name);

// Blocks. The list for a backend is stable, see above. That for a listener is in the resolver's
// order. For a listener on a machine without IPv6, the IPv6 addresses of a name that has others,
// too, are left out: many hosts files say that localhost is ::1 whatever the machine has.
Resolved look_up(const Name& name);

}  // namespace worker::net
