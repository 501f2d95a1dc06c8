// Who the client of a request is that came from a trusted proxy.
#pragma once

#include <cstddef>
#include <optional>

#include "worker/http/client_field.h"
#include "worker/http/header_list.h"
#include "worker/net/address_set.h"

namespace worker::route {

// The most hops that are looked at. What is on their left may be anything.
inline constexpr std::size_t kMostHops = 100;

// The first address that is not of a trusted proxy, from the right. What cannot be read ends the
// search, and the nearest hop that is known counts. A field with a single address names the client
// in any case. Nothing when the fields name nobody, or trusted proxies only: then the peer is the
// client. For requests of a trusted peer only.
std::optional<net::IpAddress> find_client(const http::HeaderList& fields,
                                          const http::ClientField& field,
                                          const net::AddressSet& trusted);

}  // namespace worker::route
