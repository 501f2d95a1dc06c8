// SipHash-2-4 with a 128-bit result: a hash that nobody who lacks the key can aim.
//
// For session keys: what a client sends must neither choose its bucket in the session table nor be
// found in a dump of it. Follows the paper by Aumasson and Bernstein (2012) and the authors'
// 128-bit extension; checked against their published test vectors.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "shm/ids.h"

namespace worker::route {

using HashSecret = std::array<std::uint64_t, 2>;

shm::SessionKey keyed_hash(const HashSecret& secret, std::string_view bytes);

}  // namespace worker::route
