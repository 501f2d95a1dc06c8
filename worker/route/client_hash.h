// A hash of a client's address, by which gates count the slots of one client.
//
// Clients of one IPv6 network of 64 bits are one client: whoever has one of its addresses has them
// all. Cheap, and unpredictable as long as the secret and the hashes stay here; not for tables that
// a client could fill.
#pragma once

#include <string_view>

#include "worker/route/keyed_hash.h"
#include "worker/route/wait_queue.h"

namespace worker::route {

// `ip`: numeric, without port. The strangers of an address are another client than the known ones.
ClientHash client_hash(const HashSecret& secret, std::string_view ip,
                       shm::Rank rank = shm::Rank::known);

}  // namespace worker::route
