// Listening sockets: one for each listener and worker slot. The master makes and keeps them, so
// that the kernel spreads clients evenly and the successor of a dead worker finds its queue intact.
//
// Owns the sockets. Sockets that stay over a reload belong to both generations. A socket is bound
// when a generation is built and listens when the generation becomes active. Until then the kernel
// gives it no clients, which might never be accepted. Never accepts.
//
// A Unix socket and a socket that was inherited are one for all slots: the kernel cannot spread
// clients over several sockets there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "master/socket_file.h"
#include "worker/heritage.h"
#include "worker/net/unique_fd.h"

namespace master {

inline constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn

// The sockets of one address: at least one for each slot. There are more after a reload that
// lowered the number of workers, because to close a socket would lose the clients in its queue.
struct ListeningSockets {
  worker::net::SocketAddress address;
  std::vector<std::shared_ptr<const worker::net::UniqueFd>> all;
  std::shared_ptr<const SocketFile> file = {};  // of a path that we have bound
  SocketAccess access = {};                     // of `file`
  bool is_inherited = false;

  bool is_shared() const { return is_inherited || worker::net::is_unix(address); }
  void listen() const;  // throws StartError

  // Undoes what a worker can do to a socket that it shares: makes it non-blocking, removes filters
  // of packets and of the socket's group, and lets it listen again if `is_listening` and a worker
  // ended that. Returns a line for the log if anything was found, else nothing. Never throws.
  std::string restore(bool is_listening) const;
};

bool same_address(const worker::net::SocketAddress& one, const worker::net::SocketAddress& other);
// Whether a socket bound to one address makes a probe of the other fail: the ports are the same,
// and the hosts are the same or one is a wildcard.
bool overlap(const worker::net::SocketAddress& one, const worker::net::SocketAddress& other);

// Throws StartError when another process listens there. SO_REUSEPORT alone would let Pound bind
// beside another process of the same user, and the kernel would give each of them a part of the
// clients.
void probe_address(const worker::net::SocketAddress& address);

// Adds sockets until there is one for each of `slots` slots, or one that they share. Throws
// StartError: "cannot listen on 127.0.0.1:80: …".
void bind_slots(ListeningSockets& sockets, unsigned slots);

}  // namespace master
