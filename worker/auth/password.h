// Whether a password is the one of a hash.
//
// Takes as long as the hash is made to take: milliseconds to seconds. Only the helper calls it. The
// only user of libcrypt (password.cc).
#pragma once

#include <string_view>

namespace worker::auth {

// `hash`: one that read_users() accepts. Compares in constant time and wipes what it computed. Of a
// password, bcrypt takes the first 72 bytes.
bool matches(std::string_view password, std::string_view hash);

}  // namespace worker::auth
