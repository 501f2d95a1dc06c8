// Keyed hashes for authentication: of credentials, for the table of those that were right, and of a
// client's address, for the number of its attempts.
//
// A worker and the helper compute the same key for the same credentials. The secret is that of
// sessions; a prefix keeps the uses apart.
#pragma once

#include <cstdint>
#include <string_view>

#include "shm/ids.h"
#include "worker/auth/users_file.h"
#include "worker/route/keyed_hash.h"

namespace worker::auth {

shm::SessionKey credential_key(const route::HashSecret& secret, const FileIdentity& file,
                               std::string_view user, std::string_view password);

// The clients of one IPv6 network of 64 bits are one client. `ip`: numeric, without port.
std::uint64_t client_key(const route::HashSecret& secret, std::string_view ip);

}  // namespace worker::auth
