#include <doctest/doctest.h>

#include <string>

#include "worker/route/keyed_hash.h"

namespace {

// The key of the published test vectors: bytes 00 01 … 0f.
constexpr worker::route::HashSecret kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string vector_of(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i);
  return bytes;
}

}  // namespace

TEST_CASE("keyed_hash: the results match the authors' test vectors") {
  const auto empty = worker::route::keyed_hash(kKey, "");
  CHECK(empty.low == 0xe6a825ba047f81a3);   // a3 81 7f 04 ba 25 a8 e6
  CHECK(empty.high == 0x930255c71472f66d);  // 6d f6 72 14 c7 55 02 93
  const auto one = worker::route::keyed_hash(kKey, vector_of(1));
  CHECK(one.low == 0x44af996bd8c187da);   // da 87 c1 d8 6b 99 af 44
  CHECK(one.high == 0x45fc229b11597634);  // 34 76 59 11 9b 22 fc 45
}

TEST_CASE("keyed_hash: every byte, the length and the secret change the result") {
  const std::string text = vector_of(32);
  const auto whole = worker::route::keyed_hash(kKey, text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    CHECK(!(worker::route::keyed_hash(kKey, other) == whole));
    CHECK(!(worker::route::keyed_hash(kKey, text.substr(0, i)) == whole));
  }
  CHECK(!(worker::route::keyed_hash({kKey[0], kKey[1] ^ 1}, text) == whole));
  CHECK(!(worker::route::keyed_hash(kKey, std::string("a")) ==
          worker::route::keyed_hash(kKey, std::string("a\0", 2))));
}

TEST_CASE(
    "keyed_hash: gives what OpenSSL's SIPHASH with a size of 16 gives, with and without a rest") {
  struct Known {
    std::size_t size;
    std::uint64_t low, high;
  };
  for (const Known& known : {Known{7, 0x53c1dbd8beebf1a1, 0x3982f01fa64ab8c0},
                             Known{8, 0x61f55862baa9623b, 0xb49714f364e2830f},
                             Known{16, 0xbb54b067caa4e26e, 0x77052385bf1533fd},
                             Known{63, 0x4a83502f77d15051, 0x7cbd3f979a063e50}}) {
    const auto key = worker::route::keyed_hash(kKey, vector_of(known.size));
    CHECK(key.low == known.low);
    CHECK(key.high == known.high);
  }
}
