// How a backend hears of the client by the PROXY protocol: see transaction.h.
#include <algorithm>
#include <optional>

#include "worker/net/ip_address.h"
#include "worker/net/proxy_header.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

namespace {

// The listener's address of the client's family, if it has one. A listener without an IP address
// counts as the unspecified address of the client's family.
net::SocketAddress destination_of(const route::Listener& listener,
                                  const net::SocketAddress& client) {
  const auto& addresses = listener.heritage.addresses;
  const auto same = std::ranges::find_if(addresses, [&](const net::SocketAddress& one) {
    return one.storage.ss_family == client.storage.ss_family;
  });
  if (same != addresses.end()) return *same;
  if (!addresses.empty() && !net::is_unix(addresses.front())) return addresses.front();
  return net::socket_address({0, 0, client.storage.ss_family == AF_INET6}, 0);
}

}  // namespace

// The client as Pound believes it to be. The port of a client that a proxy speaks for is unknown.
std::string Transaction::proxy_header() const {
  const unsigned version = now_.backend->config.proxy_protocol;
  const std::optional<net::IpAddress> ip = net::parse_ip(now_.client_ip);
  if (!ip) return net::write_proxy_header(version, std::nullopt);
  const bool is_peer = now_.client_ip.data() == now_.peer_ip.data();
  const net::SocketAddress client = net::socket_address(*ip, is_peer ? now_.peer_port : 0);
  return net::write_proxy_header(version,
                                 net::ProxiedEnds{client, destination_of(*now_.listener, client)});
}

}  // namespace worker::transaction
