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

}  // namespace worker::route
