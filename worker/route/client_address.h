// Who the client of a request is that came from a trusted proxy, and what the backend is told.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "worker/http/client_field.h"
#include "worker/http/forwarded_fields.h"
#include "worker/http/header_list.h"
#include "worker/net/address_set.h"
#include "worker/route/heritage.h"

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

// Where a request comes from. The views outlive what is made of them.
struct ClientSide {
  std::string_view peer_ip;          // the other end of the connection: numeric, or net::kUnixPeer
  std::string_view client_ip;        // the peer, or the client that a trusted peer speaks for
  bool is_trusted = false;           // the peer
  bool is_tls = false;               // between the peer and Pound
  std::string_view tls_fields = {};  // "X-SSL-…: value\r\n" lines
};

// What the backend is told about the client's side. `port`: of the listener; empty for a path.
http::Forwarded forwarded_by(const ListenerHeritage& listener, std::string_view port,
                             const ClientSide& client, const http::HeaderList& fields);

}  // namespace worker::route
