// Digests by OpenSSL.
//
// MD5 is for the one format of password files that is made of it (auth/apr1.h), and for nothing
// new.
#pragma once

#include <array>
#include <string_view>

namespace worker::tls {

using Md5 = std::array<unsigned char, 16>;
using Sha256 = std::array<unsigned char, 32>;

// False when OpenSSL refuses to compute it, as it does in FIPS mode.
bool md5(std::string_view bytes, Md5& digest);

// Throws std::runtime_error when OpenSSL refuses to compute it.
Sha256 sha256(std::string_view bytes);

// HMAC with SHA-256 (RFC 2104). `secret` may have any length but 0. Throws std::runtime_error when
// OpenSSL has no memory.
Sha256 hmac_sha256(std::string_view secret, std::string_view bytes);

}  // namespace worker::tls
