// Digests by OpenSSL.
//
// MD5 is for the one format of password files that is made of it (auth/apr1.h), and for nothing
// new.
#pragma once

#include <array>
#include <cstdint>
#include <span>
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

// Fills `key` by HKDF with SHA-256 (RFC 5869), without a salt: what is derived for one purpose says
// nothing about `secret` or about what is derived for another. At most 8 160 bytes. Throws as
// above.
void hkdf_sha256(std::string_view secret, std::string_view purpose, std::span<std::uint8_t> key);

}  // namespace worker::tls
