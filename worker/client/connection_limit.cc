// Limits on connections: see connection_limit.h.
#include "worker/client/connection_limit.h"

#include <algorithm>

#include "worker/client/connection_record.h"

namespace worker::client {

namespace {

bool is_trusted_proxy(const route::Listener& listener, std::string_view ip) {
  if (!listener.heritage.trusted) return false;
  const std::optional<net::IpAddress> address = net::parse_ip(ip);
  return address && listener.heritage.trusted->contains(*address);
}

bool refuse(Context& context, const route::Listener& listener, std::string_view client_ip,
            std::string_view reason) {
  write_connection_record(context, listener,
                          {.client_ip = client_ip, .status = 429, .reason = reason});
  return false;
}

}  // namespace

bool admit_connection(Context& context, route::Listener& listener, std::string_view client_ip,
                      std::unique_ptr<route::CountedConnection>& counted) {
  std::vector<route::ClientLimit>& limits = listener.client_limits;
  const bool is_limited = std::any_of(limits.begin(), limits.end(),
                                      [](const auto& limit) { return limit.has_connections(); });
  if (!is_limited || is_trusted_proxy(listener, client_ip)) return true;
  auto made = limits.front().new_connection();
  for (route::ClientLimit& limit : limits) {
    if (!limit.admits(client_ip, *made, context.loop.turn_us(), context.log)) {
      return refuse(context, listener, client_ip, "connection_limit");
    }
  }
  counted = std::move(made);
  return true;
}

}  // namespace worker::client
