// Digests by OpenSSL: see digest.h.
#include "worker/tls/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>
#include <stdexcept>

namespace worker::tls {

bool md5(std::string_view bytes, Md5& digest) {
  return EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_md5(), nullptr) == 1;
}

Sha256 sha256(std::string_view bytes) {
  Sha256 digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot compute SHA-256");
  }
  return digest;
}

Sha256 hmac_sha256(std::string_view secret, std::string_view bytes) {
  Sha256 digest{};
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(),
           nullptr) == nullptr) {
    throw std::runtime_error("OpenSSL cannot compute an HMAC");
  }
  return digest;
}

void hkdf_sha256(std::string_view secret, std::string_view purpose, std::span<std::uint8_t> key) {
  struct Free {
    void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
  };
  // OpenSSL does not write to these parameters, although its types are not const.
  char digest[] = "SHA256";
  auto* const input = const_cast<char*>(secret.data());
  auto* const info = const_cast<char*>(purpose.data());
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, input, secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, purpose.size()),
      OSSL_PARAM_construct_end()};
  const std::unique_ptr<EVP_KDF, Free> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  const std::unique_ptr<EVP_KDF_CTX, Free> context(EVP_KDF_CTX_new(kdf.get()));
  if (!context || EVP_KDF_derive(context.get(), key.data(), key.size(), params) != 1) {
    throw std::runtime_error("OpenSSL cannot derive a key");
  }
}

}  // namespace worker::tls
