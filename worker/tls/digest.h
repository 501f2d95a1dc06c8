// MD5, for the one format of password files that is made of it (auth/apr1.h). Not for anything new.
#pragma once

#include <array>
#include <string_view>

namespace worker::tls {

using Md5 = std::array<unsigned char, 16>;

// False when OpenSSL refuses to compute it, as it does in FIPS mode.
bool md5(std::string_view bytes, Md5& digest);

}  // namespace worker::tls
