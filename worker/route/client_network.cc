// The network of a client: see client_network.h.
#include "worker/route/client_network.h"

#include <cstring>

#include "worker/net/ip_address.h"

namespace worker::route {

std::string_view client_network(std::string_view client_ip, unsigned bits4, unsigned bits6,
                                NetworkBytes& room) {
  const std::optional<net::IpAddress> address = net::parse_ip(client_ip);
  if (!address) return client_ip;
  const net::IpAddress first = conf::network_of(*address, bits4, bits6).address;
  std::memcpy(room.data(), &first.low, sizeof first.low);
  std::memcpy(room.data() + sizeof first.low, &first.high, sizeof first.high);
  return {room.data(), first.is_v6 ? room.size() : sizeof first.low};
}

}  // namespace worker::route
