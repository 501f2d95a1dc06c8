// SipHash-2-4-128: see keyed_hash.h.
#include "worker/route/keyed_hash.h"

#include <bit>
#include <cstddef>

namespace worker::route {

namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }

  void take(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }

  std::uint64_t result() const { return v0 ^ v1 ^ v2 ^ v3; }
};

// Little-endian on every machine. At most 8 bytes.
std::uint64_t word_of(std::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

}  // namespace

shm::SessionKey keyed_hash(const HashSecret& secret, std::string_view bytes) {
  State state{secret[0] ^ 0x736f6d6570736575u, secret[1] ^ 0x646f72616e646f6du ^ 0xee,
              secret[0] ^ 0x6c7967656e657261u, secret[1] ^ 0x7465646279746573u};
  const std::uint64_t length = bytes.size();
  while (bytes.size() >= 8) {
    state.take(word_of(bytes.substr(0, 8)));
    bytes.remove_prefix(8);
  }
  state.take(word_of(bytes) | length << 56);
  state.v2 ^= 0xee;
  state.rounds(4);
  shm::SessionKey key;
  key.low = state.result();
  state.v1 ^= 0xdd;
  state.rounds(4);
  key.high = state.result();
  return key;
}

}  // namespace worker::route
