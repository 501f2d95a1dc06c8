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

// A name may have more addresses; the first ones count.
inline constexpr std::size_t kMaxAddresses = 8;

struct Name {
  std::string host;  // a name or a numeric address
  std::uint16_t port = 0;
  bool is_listener = false;  // the address is to be bound
};

struct Resolved {
  std::vector<SocketAddress> addresses;  // at most kMaxAddresses, in the resolver's order
  std::string error;                     // why there are none
};

// Nothing when the host is not a numeric address. Never blocks.
std::optional<Resolved> read_numeric(const Name& name);

// Blocks. For a listener on a machine without IPv6, the IPv6 addresses of a name that has others,
// too, are left out: many hosts files say that localhost is ::1 whatever the machine has.
Resolved look_up(const Name& name);

}  // namespace worker::net
