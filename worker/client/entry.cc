// The entrance of a listener: see entry.h.
#include "worker/client/entry.h"

#include <utility>

#include "worker/client/connection_record.h"
#include "worker/net/ip_address.h"

namespace worker::client {

std::optional<Peer> enter(Context& context, const route::Listener& listener,
                          const net::SocketAddress& address) {
  Peer peer{.ip = net::host_text(address)};
  const route::ListenerHeritage& heritage = listener.heritage;
  if (heritage.trusted == nullptr && !heritage.clients.is_set()) return peer;
  const net::IpAddress ip = net::ip_of(address);
  peer.is_trusted = heritage.trusted != nullptr && heritage.trusted->contains(ip);
  if (peer.is_trusted || heritage.clients.permits(ip)) return peer;
  write_connection_record(context, listener,
                          {.client_ip = peer.ip, .status = 403, .reason = "client_denied"});
  return std::nullopt;
}

}  // namespace worker::client
