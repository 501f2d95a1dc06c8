// TLS session tickets: see tickets.h.
#include "worker/tls/tickets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

namespace worker::tls {

namespace {

constexpr int kIvSize = 16;

bool set_mac(EVP_MAC_CTX* mac, const shm::TicketKey& key) {
  // OpenSSL does not write to these parameters, although its types are not const.
  char digest[] = "SHA256";
  auto* const bytes = const_cast<std::uint8_t*>(key.mac.data());
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes, key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

}  // namespace

Tickets::~Tickets() { OPENSSL_cleanse(keys_.data(), sizeof keys_); }

// Takes over newer keys. False when there are none at all.
bool Tickets::refresh() {
  if (shared_ != nullptr) shared_->read(version_, keys_);
  return version_ != 0;
}

int Tickets::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                  EVP_MAC_CTX* mac) {
  if (!refresh()) return 0;
  const shm::TicketKey& key = keys_.front();
  if (RAND_bytes(iv, kIvSize) != 1) return -1;
  std::memcpy(name, key.name.data(), key.name.size());
  const bool is_ready =
      EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
      set_mac(mac, key);
  return is_ready ? 1 : -1;
}

int Tickets::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                  EVP_MAC_CTX* mac) {
  if (!refresh()) return 0;
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const shm::TicketKey& one) {
    return std::memcmp(name, one.name.data(), one.name.size()) == 0;
  });
  if (key == keys_.end()) return 0;
  const bool is_ready =
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1 &&
      set_mac(mac, *key);
  if (!is_ready) return -1;
  return key == keys_.begin() ? 1 : 2;
}

}  // namespace worker::tls
