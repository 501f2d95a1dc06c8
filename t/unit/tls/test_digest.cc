#include "worker/tls/digest.h"

#include <doctest/doctest.h>

#include <string>

namespace {

template <class Digest>
std::string hex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

TEST_CASE("digest: SHA-256 of FIPS 180-4") {
  CHECK(hex(worker::tls::sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(worker::tls::sha256("")) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("digest: HMAC-SHA256 of RFC 4231, with a short and with a long secret") {
  CHECK(hex(worker::tls::hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(worker::tls::hmac_sha256(std::string(131, '\xaa'),
                                     "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("digest: HKDF-SHA256 of RFC 5869, test case 3: neither salt nor purpose") {
  std::array<std::uint8_t, 42> key{};
  worker::tls::hkdf_sha256(std::string(22, '\x0b'), "", key);
  CHECK(hex(key) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("digest: HKDF-SHA256 makes another key for another purpose") {
  std::array<std::uint8_t, 32> one{};
  std::array<std::uint8_t, 32> other{};
  worker::tls::hkdf_sha256("a secret", "one", one);
  worker::tls::hkdf_sha256("a secret", "other", other);
  CHECK(one != other);
}
