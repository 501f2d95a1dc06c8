// The entrance of a listener: what becomes of a client when its address is known.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "worker/client/context.h"
#include "worker/net/address.h"
#include "worker/route/listener.h"

namespace worker::client {

// The other end of a connection, or the one that a proxy speaks for.
struct Peer {
  std::string ip;           // numeric, without port; net::kUnixPeer for a Unix socket
  bool is_trusted = false;  // in TrustedProxies: the fields of its requests name the client
  std::uint16_t port = 0;   // 0 for a Unix socket
  std::unique_ptr<route::CountedConnection> counted = nullptr;  // at the listener's limits
};

// Called once for each connection, before a byte is answered. Nothing when the listener's `Clients`
// denies the address, or when it has too many connections (`Limit`): then the record is written,
// and the caller closes the connection without an answer. A trusted peer always enters, because it
// speaks for others; the clients that its requests name are judged one by one
// (transaction/access.cc).
std::optional<Peer> enter(Context& context, route::Listener& listener,
                          const net::SocketAddress& address);

}  // namespace worker::client
