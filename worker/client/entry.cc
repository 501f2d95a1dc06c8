// The entrance of a listener: see entry.h.
#include "worker/client/entry.h"

#include <algorithm>
#include <string_view>

#include "worker/client/connection_record.h"
#include "worker/net/ip_address.h"

namespace worker::client {

namespace {

// Counts the connection at the limits of the listener. False when one of them is against it.
bool count(Context& context, route::Listener& listener, Peer& peer) {
  std::vector<route::ClientLimit>& limits = listener.client_limits;
  if (std::ranges::none_of(limits, &route::ClientLimit::has_connections)) return true;
  peer.counted = limits.front().new_connection();
  return std::ranges::all_of(limits, [&](route::ClientLimit& limit) {
    return limit.admits(peer.ip, *peer.counted, context.loop.turn_us(), context.log);
  });
}

}  // namespace

std::optional<Peer> enter(Context& context, route::Listener& listener,
                          const net::SocketAddress& address) {
  const bool is_unix = net::is_unix(address);
  Peer peer{.ip = is_unix ? std::string(net::kUnixPeer) : net::host_text(address),
            .is_trusted = false,
            .port = net::port_of(address)};
  const route::ListenerHeritage& heritage = listener.heritage;
  const auto refuse = [&](int status, std::string_view reason) {
    write_connection_record(context, listener,
                            {.client_ip = peer.ip, .status = status, .reason = reason});
    return std::nullopt;
  };
  if (is_unix) {
    peer.is_trusted = heritage.trusts_unix;
    if (peer.is_trusted) return peer;
    if (!heritage.clients.permits_unix()) return refuse(403, "client_denied");
  } else if (heritage.trusted != nullptr || heritage.clients.is_set()) {
    const net::IpAddress ip = net::ip_of(address);
    peer.is_trusted = heritage.trusted != nullptr && heritage.trusted->contains(ip);
    if (peer.is_trusted) return peer;
    if (!heritage.clients.permits(ip)) return refuse(403, "client_denied");
  }
  if (!count(context, listener, peer)) return refuse(429, "connection_limit");
  return peer;
}

}  // namespace worker::client
