// Who the client of a request is, and whether it may come in: see transaction.h.
#include <optional>

#include "worker/net/ip_address.h"
#include "worker/route/client_address.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

// The peer is the client, unless it is a trusted proxy whose request names another. A head that was
// not read to its end may lack the last hop, and its other hops may be forged: then the peer
// counts.
void Transaction::find_client(const RequestStart& start) {
  now_.peer_ip = now_.client_ip = start.peer_ip;
  now_.peer_port = start.peer_port;
  now_.peer_is_trusted = start.peer_is_trusted;
  if (!start.peer_is_trusted || !start.head.has_all_fields) return;
  const route::ListenerHeritage& heritage = start.listener.heritage;
  const std::optional<net::IpAddress> client =
      route::find_client(start.head.fields, heritage.client_field, *heritage.trusted);
  if (!client) return;
  client_ip_ = net::ip_text(*client);
  now_.client_ip = client_ip_;
}

bool Transaction::is_denied(const route::ClientRules& rules) const {
  return !rules.permits(now_.client_ip);
}

// A peer that is not trusted was judged when it connected: client/entry.h.
bool Transaction::is_denied_by_listener() const {
  return now_.peer_is_trusted && is_denied(now_.listener->heritage.clients);
}

}  // namespace worker::transaction
