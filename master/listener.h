// Listening sockets: one for each listener and worker slot, made and kept by the master, so that
// the kernel spreads clients evenly and a respawned worker finds its queue intact.
//
// Owns the sockets; those that stay over a reload belong to both generations. A socket is bound
// when a generation is built and begins to listen when it is to serve: until then the kernel gives
// it no client that nobody might come to accept. Never accepts.
#pragma once

#include <memory>
#include <vector>

#include "worker/heritage.h"
#include "worker/net/unique_fd.h"

namespace master {

inline constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn

// The sockets of one address. Never fewer than there are slots; more of them after a reload that
// lowered the number of workers, because closing one would lose the clients in its queue.
struct ListeningSockets {
  worker::net::SocketAddress address;
  std::vector<std::shared_ptr<const worker::net::UniqueFd>> all;

  void listen() const;  // throws StartError
};

bool same_address(const worker::net::SocketAddress& one, const worker::net::SocketAddress& other);
// Whether a socket bound to one would be in the way of a probe of the other: the same port, and
// the same host or a wildcard.
bool overlap(const worker::net::SocketAddress& one, const worker::net::SocketAddress& other);

// Throws StartError when another process listens there. SO_REUSEPORT alone would let us in beside
// another process of the same user, and the kernel would then deal each of us a part of the
// clients.
void probe_address(const worker::net::SocketAddress& address);

// Adds what `slots` slots need to the sockets that there are. Throws StartError: "cannot listen on
// 127.0.0.1:80: …".
void bind_slots(ListeningSockets& sockets, unsigned slots);

}  // namespace master
