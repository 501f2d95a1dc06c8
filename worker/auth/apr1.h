// The password hash $apr1$ of Apache's htpasswd: a thousand rounds of MD5, after the FreeBSD hash
// $1$ of 1994.
//
// Pure but for OpenSSL. Fast to guess, and only here because many files have it.
#pragma once

#include <string>
#include <string_view>

namespace worker::auth {

// "$apr1$SALT$" and 22 characters. `salt`: what stands between the dollar signs, 1 to 8 characters.
// Empty when OpenSSL refuses to compute MD5.
std::string apr1(std::string_view password, std::string_view salt);

}  // namespace worker::auth
