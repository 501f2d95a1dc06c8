// What keeps a request on its backend with `Balance: hash`, and what a backend is, as hashes.
//
// The hashes are SipHash with a fixed secret, the same on every machine: a client that knows the
// backends can compute which one it gets. It could find that out by trying, too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "worker/http/request_head.h"

namespace worker::route {

std::uint64_t fixed_hash(std::string_view text);

// The key of one request. `client_ip` is numeric; of IPv6 its network of 64 bits counts, which is
// one customer. The path is that of the request as received, without its query. A request that
// lacks the field or cookie, or in which it is longer than http::kMaxSessionText, counts by its
// address.
std::uint64_t hash_of(const conf::HashKey& key, const http::RequestHead& head,
                      std::string_view client_ip);

// What each of these backends is, however the file names and orders it: "192.0.2.1:80", and the
// name of its certificate where `TLS` sets one, "192.0.2.1:443 app.example". Of several backends
// that are the same so far, the second one is "192.0.2.1:80 #2", in the order of `backends`.
std::vector<std::string> backend_identities(const conf::Config& config,
                                            const std::vector<std::size_t>& backends);

}  // namespace worker::route
