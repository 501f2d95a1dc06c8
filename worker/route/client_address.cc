// The walk along the hops of a request: see client_address.h.
#include "worker/route/client_address.h"

namespace worker::route {

std::optional<net::IpAddress> find_client(const http::HeaderList& fields,
                                          const http::ClientField& field,
                                          const net::AddressSet& trusted) {
  http::HopWalk walk(fields, field);
  std::optional<net::IpAddress> nearest;
  for (std::size_t hops = 0; hops < kMostHops; ++hops) {
    const std::optional<http::Hop> hop = walk.next();
    if (!hop) return std::nullopt;
    if (hop->kind != http::Hop::Kind::address) return nearest;
    const std::optional<net::IpAddress> address = net::parse_ip(hop->address);
    if (!address) return nearest;
    if (field.kind == http::ClientField::Kind::single || !trusted.contains(*address)) {
      return address;
    }
    nearest = address;
  }
  return nearest;
}

http::Forwarded forwarded_by(const ListenerHeritage& listener, std::string_view port,
                             const ClientSide& client, const http::HeaderList& fields) {
  http::Forwarded forwarded{
      .peer_ip = client.peer_ip,
      .proto = client.is_tls ? "https" : "http",
      .local_host = port.empty() ? std::string_view("localhost") : std::string_view(listener.name),
      .local_port = port,
      .tls_fields = client.tls_fields,
      .client_ip = client.client_ip,
      .is_trusted = client.is_trusted,
      .client_field = listener.client_field.name};
  if (client.is_trusted) forwarded.believed = http::believed_fields(fields);
  return forwarded;
}

}  // namespace worker::route
