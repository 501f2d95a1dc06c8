// Listening sockets: one for each listener and worker slot, made and kept by the master, so that
// the kernel spreads clients evenly and a respawned worker finds its queue intact.
//
// Owns the sockets. Never accepts.
#pragma once

#include <memory>
#include <vector>

#include "worker/heritage.h"
#include "worker/unique_fd.h"

namespace master {

inline constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn

// The sockets of one address, by slot. Shared by the generations that listen there.
struct ListeningSockets {
  std::vector<worker::UniqueFd> by_slot;
};

// Throws StartError when another process listens there. SO_REUSEPORT alone would let us in beside
// another process of the same user, and the kernel would then deal each of us a part of the
// clients.
void probe_address(const worker::SocketAddress& address);

// Throws StartError: "cannot listen on 127.0.0.1:80: …".
std::shared_ptr<ListeningSockets> bind_listener(const worker::SocketAddress& address,
                                                unsigned slots);

}  // namespace master
