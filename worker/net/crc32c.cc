// The checksum CRC32c: see crc32c.h.
#include "worker/net/crc32c.h"

#include <array>

namespace worker::net {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // its bits in reverse

// The remainder of each byte.
constexpr auto kRemainders = [] {
  std::array<std::uint32_t, 256> remainders{};
  for (std::uint32_t byte = 0; byte < remainders.size(); ++byte) {
    std::uint32_t left = byte;
    for (int bit = 0; bit < 8; ++bit) left = (left >> 1) ^ ((left & 1) != 0 ? kPolynomial : 0);
    remainders[byte] = left;
  }
  return remainders;
}();

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  std::uint32_t left = ~before;
  for (const char c : bytes) {
    left = (left >> 8) ^ kRemainders[(left ^ static_cast<unsigned char>(c)) & 0xff];
  }
  return ~left;
}

}  // namespace worker::net
