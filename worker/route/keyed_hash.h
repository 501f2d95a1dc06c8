// SipHash-2-4 with a 128-bit result. Its output cannot be predicted without the secret.
//
// For session keys: a client must not be able to choose its bucket in the session table, and a dump
// of the table must not show what the client sent. Follows the paper by Aumasson and Bernstein
// (2012) and the authors' 128-bit extension; a test checks the authors' published vectors.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "shm/ids.h"

namespace worker::route {

using HashSecret = std::array<std::uint64_t, 2>;

shm::SessionKey keyed_hash(const HashSecret& secret, std::string_view bytes);

}  // namespace worker::route
