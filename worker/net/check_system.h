// What a configuration expects of this machine: a jail that is safe, sockets, addresses.
//
// Runs in the master, outside the jail, before the privilege drop. Changes nothing.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/net/address.h"

namespace worker::net {

// An error when RootJail is no directory. A warning when workers, which run as `uid` and `gid`, may
// write to it or to a file or folder in it, or when it can be replaced. Without `uid` they run as
// root, to whom permissions mean nothing.
void check_jail(const conf::Global& global, std::optional<uid_t> uid, std::optional<gid_t> gid,
                conf::Diagnostics& diagnostics);

// Warns when nothing is at the path of a backend, or something else than a socket.
void check_path(const conf::Global& global, const conf::Backend& backend,
                conf::Diagnostics& diagnostics);

// Warns of those `addresses` of the listener that this machine lacks.
void check_addresses(const conf::Listener& listener, const std::vector<SocketAddress>& addresses,
                     conf::Diagnostics& diagnostics);

}  // namespace worker::net
