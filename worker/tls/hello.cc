// A client's first message: see hello.h.
#include "worker/tls/hello.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <memory>

namespace worker::tls {

namespace {

using Algorithm = KeyUse::Algorithm;

// Signature schemes (RFC 8446 section 4.2.3, RFC 8734). In TLS 1.2 the low byte is the kind of key.
constexpr std::uint16_t kRsaPssRsaeFirst = 0x0804, kRsaPssRsaeLast = 0x0806;
constexpr std::uint16_t kEd25519 = 0x0807, kEd448 = 0x0808;
constexpr std::uint16_t kRsaPssPssFirst = 0x0809, kRsaPssPssLast = 0x080b;
constexpr std::uint8_t kRsa12 = 1, kEcdsa12 = 3;
constexpr std::uint8_t kLeastHash12 = 3, kGreatestHash12 = 6;  // SHA-224 to SHA-512; no SHA-1

struct CurveScheme {
  std::string_view curve;
  std::uint16_t scheme;
};
constexpr auto kCurves = std::to_array<CurveScheme>({{"prime256v1", 0x0403},
                                                     {"secp384r1", 0x0503},
                                                     {"secp521r1", 0x0603},
                                                     {"brainpoolP256r1", 0x081a},
                                                     {"brainpoolP384r1", 0x081b},
                                                     {"brainpoolP512r1", 0x081c}});

std::size_t number_at(std::string_view bytes, std::size_t at) {
  return std::size_t{static_cast<unsigned char>(bytes[at])} << 8 |
         static_cast<unsigned char>(bytes[at + 1]);
}

std::string_view extension(SSL* session, unsigned type) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(session, type, &data, &size) != 1) return {};
  return {reinterpret_cast<const char*>(data), size};
}

// Whether the list of 16-bit numbers in `bytes` has one that `accepts`.
template <class Accepts>
bool any_number(std::string_view bytes, Accepts accepts) {
  for (std::size_t at = 0; at + 2 <= bytes.size(); at += 2) {
    if (accepts(static_cast<std::uint16_t>(number_at(bytes, at)))) return true;
  }
  return false;
}

bool speaks_1_3(SSL* session) {
  const std::string_view versions = extension(session, TLSEXT_TYPE_supported_versions);
  if (versions.empty()) return false;
  return any_number(versions.substr(1), [](std::uint16_t one) { return one == TLS1_3_VERSION; });
}

bool fits(std::uint16_t scheme, const KeyUse& key, bool is_1_3) {
  const std::uint8_t hash = scheme >> 8;
  const auto is_12 = [&](std::uint8_t kind) {
    return !is_1_3 && (scheme & 0xff) == kind && hash >= kLeastHash12 && hash <= kGreatestHash12;
  };
  switch (key.algorithm) {
    case Algorithm::rsa:
      return (scheme >= kRsaPssRsaeFirst && scheme <= kRsaPssRsaeLast) || is_12(kRsa12);
    case Algorithm::rsa_pss:
      return scheme >= kRsaPssPssFirst && scheme <= kRsaPssPssLast;
    case Algorithm::ecdsa:
      return (is_1_3 && scheme == key.scheme_1_3) || is_12(kEcdsa12);
    case Algorithm::ed25519:
      return scheme == kEd25519;
    case Algorithm::ed448:
      return scheme == kEd448;
    case Algorithm::other:
      break;
  }
  return true;
}

// Whether a cipher of TLS 1.2 that both sides have takes this kind of key.
bool shares_cipher(SSL* session, Algorithm algorithm) {
  const bool is_rsa = algorithm == Algorithm::rsa || algorithm == Algorithm::rsa_pss;
  const int wanted = is_rsa ? NID_auth_rsa : NID_auth_ecdsa;
  const STACK_OF(SSL_CIPHER)* const ours = SSL_get_ciphers(session);
  const unsigned char* data = nullptr;
  const std::size_t size = SSL_client_hello_get0_ciphers(session, &data);
  const std::string_view offered(reinterpret_cast<const char*>(data), size);
  for (int i = 0; i < sk_SSL_CIPHER_num(ours); ++i) {
    const SSL_CIPHER* const one = sk_SSL_CIPHER_value(ours, i);
    if (SSL_CIPHER_get_auth_nid(one) != wanted) continue;
    const std::uint16_t id = SSL_CIPHER_get_protocol_id(one);
    if (any_number(offered, [&](std::uint16_t number) { return number == id; })) return true;
  }
  return false;
}

}  // namespace

KeyUse KeyUse::of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return {Algorithm::rsa};
  if (EVP_PKEY_is_a(key, "RSA-PSS") == 1) return {Algorithm::rsa_pss};
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return {Algorithm::ed25519};
  if (EVP_PKEY_is_a(key, "ED448") == 1) return {Algorithm::ed448};
  if (EVP_PKEY_is_a(key, "EC") != 1) return {Algorithm::other};
  std::array<char, 64> text{};
  std::size_t size = 0;
  EVP_PKEY_get_group_name(key, text.data(), text.size(), &size);
  const std::string_view curve(text.data(), size);
  for (const CurveScheme& one : kCurves) {
    if (one.curve == curve) return {Algorithm::ecdsa, one.scheme};
  }
  return {Algorithm::ecdsa};
}

std::string_view server_name(SSL* session) {
  const std::string_view data = extension(session, TLSEXT_TYPE_server_name);
  constexpr std::size_t kBefore = 5;  // bytes: size of the list, type, size of the name
  if (data.size() < kBefore || number_at(data, 0) + 2 != data.size()) return {};
  if (data[2] != TLSEXT_NAMETYPE_host_name) return {};
  const std::size_t size = number_at(data, 3);
  if (size + kBefore > data.size() || size > TLSEXT_MAXLEN_host_name) return {};
  return data.substr(kBefore, size);
}

bool can_verify(SSL* session, const KeyUse& key) {
  const bool is_1_3 = speaks_1_3(session);
  const std::string_view schemes = extension(session, TLSEXT_TYPE_signature_algorithms);
  if (schemes.size() >= 2 &&
      !any_number(schemes.substr(2), [&](std::uint16_t one) { return fits(one, key, is_1_3); })) {
    return false;
  }
  return is_1_3 || key.algorithm == Algorithm::other || shares_cipher(session, key.algorithm);
}

ProtocolNames protocol_names(const std::vector<conf::Protocol>& protocols) {
  ProtocolNames names;
  for (const conf::Protocol protocol : protocols) {
    names.emplace_back(protocol == conf::Protocol::http2 ? "h2" : "http/1.1");
  }
  names.emplace_back("http/1.0");
  return names;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned size, void* names) {
  for (const std::string_view wanted : *static_cast<const ProtocolNames*>(names)) {
    for (unsigned at = 0; at < size; at += 1u + offered[at]) {
      const std::string_view one(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
      if (one != wanted) continue;
      *out = offered + at + 1;
      *out_size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace worker::tls
