// Which clients may use a listener or a service: the key Clients.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "worker/net/address_set.h"

namespace worker::route {

struct ClientRules {
  std::shared_ptr<const net::AddressSet> set;  // null: everybody may
  bool only_listed = false;                    // there is a list of those that may

  bool is_set() const { return set != nullptr; }
  // The client of a Unix socket is in no network.
  bool permits_unix() const { return !only_listed; }
  // The longest network decides. An address in none of them may, unless `only_listed`.
  bool permits(const net::IpAddress& client) const {
    if (set == nullptr) return true;
    const net::AddressMark mark = set->find(client);
    return mark == net::AddressMark::allow || (mark == net::AddressMark::none && !only_listed);
  }
  // `client_ip`: numeric, or net::kUnixPeer.
  bool permits(std::string_view client_ip) const {
    if (!is_set()) return true;
    const std::optional<net::IpAddress> client = net::parse_ip(client_ip);
    return client ? permits(*client) : permits_unix();
  }
};

}  // namespace worker::route
