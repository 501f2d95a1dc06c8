// Limits on connections: see connection_limit.h.
#include "worker/client/connection_limit.h"

#include <algorithm>

#include "worker/client/connection_record.h"

namespace worker::client {

namespace {

bool refuse(Context& context, const route::Listener& listener, std::string_view client_ip,
            std::string_view reason) {
  write_connection_record(context, listener,
                          {.client_ip = client_ip, .status = 429, .reason = reason});
  return false;
}

}  // namespace

bool admit_connection(Context& context, route::Listener& listener, const Peer& peer,
                      std::unique_ptr<route::CountedConnection>& counted) {
  std::vector<route::ClientLimit>& limits = listener.client_limits;
  const bool is_limited = std::any_of(limits.begin(), limits.end(),
                                      [](const auto& limit) { return limit.has_connections(); });
  if (!is_limited || peer.is_trusted) return true;
  auto made = limits.front().new_connection();
  for (route::ClientLimit& limit : limits) {
    if (!limit.admits(peer.ip, *made, context.loop.turn_us(), context.log)) {
      return refuse(context, listener, peer.ip, "connection_limit");
    }
  }
  counted = std::move(made);
  return true;
}

}  // namespace worker::client
