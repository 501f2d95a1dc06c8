// The checksum CRC32c (Castagnoli), as in RFC 4960 appendix B.
//
// Pure. The checksum of bytes in several parts is that of all of them: each call goes on with the
// result of the last one.
#pragma once

#include <cstdint>
#include <string_view>

namespace worker::net {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace worker::net
