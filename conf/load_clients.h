// The keys about the address of a client and its access: TrustedProxies, ClientField and
// Clients.
#pragma once

#include <optional>
#include <string>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// Empty when the key is absent. Warns of a list that has all addresses, so that no client is left.
AddressList load_trusted_proxies(const Section& section, Diagnostics& diagnostics);

// Nothing when the key is absent or was reported.
std::optional<std::string> load_client_field(const Section& section, Diagnostics& diagnostics);

// Both lists are empty when the key is absent or was reported.
ClientList load_clients(const Section& section, Diagnostics& diagnostics);

}  // namespace conf
