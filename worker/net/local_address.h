// Whether this machine has an address. Asks the kernel; keeps nothing.
#pragma once

#include "worker/net/address.h"

namespace worker::net {

// Whether a listener cannot be bound to `address`, because no interface has it. False for a path,
// and where the system lets programs bind to addresses that it lacks (ip_nonlocal_bind).
bool is_missing_here(const SocketAddress& address);

}  // namespace worker::net
