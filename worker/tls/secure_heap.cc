// Memory for private keys: see secure_heap.h.
#include "worker/tls/secure_heap.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <utility>

#include "worker/tls/files.h"

namespace worker::tls {

namespace {

constexpr std::size_t kMinSize = 4u << 20;  // bytes
constexpr std::size_t kMaxSize = 1u << 30;  // bytes; OpenSSL wants a power of two
constexpr std::size_t kSmallestBlock = 16;  // bytes

// OpenSSL does not tell the size of its heap.
std::size_t& made_size() {
  static std::size_t size = 0;
  return size;
}

struct Delete {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
};

// A copy of an RSA key whose numbers are in the ordinary heap. Null if OpenSSL fails.
KeyPointer copy_to_ordinary_memory(EVP_PKEY* key) {
  OSSL_PARAM* exported = nullptr;
  if (EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &exported) != 1) return nullptr;
  const std::unique_ptr<OSSL_PARAM, Delete> params(exported);
  const std::unique_ptr<EVP_PKEY_CTX, Delete> maker(
      EVP_PKEY_CTX_new_from_name(nullptr, EVP_PKEY_get0_type_name(key), nullptr));
  EVP_PKEY* made = nullptr;
  if (!maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_KEYPAIR, params.get()) != 1) {
    return nullptr;
  }
  return KeyPointer(made);
}

}  // namespace

std::size_t secure_heap_size(std::size_t file_bytes) {
  const std::size_t wanted = std::min(file_bytes, kMaxSize) * 2 + kRoomForHandshakes;
  return std::clamp(std::bit_ceil(wanted), kMinSize, kMaxSize);
}

void reserve_secure_heap(const std::vector<const conf::Tls*>& listeners,
                         conf::Diagnostics& diagnostics) {
  if (CRYPTO_secure_malloc_initialized() != 0 || listeners.empty()) return;
  std::size_t files = 0;
  for (const conf::Tls* one : listeners) files += file_bytes(*one);
  const std::size_t size = secure_heap_size(files);
  const int result = CRYPTO_secure_malloc_init(size, kSmallestBlock);
  if (result != 0) made_size() = size;
  if (result == 1 || listeners.front()->certificates.empty()) return;
  diagnostics.warning(conf::Lint::locked_memory, listeners.front()->certificates.front().where,
                      "the system does not let Pound lock " + std::to_string(size >> 20) +
                          " MiB of memory for private keys; they may be swapped out");
}

PrivateKey leave_room(KeyPointer key) {
  const bool has_room =
      made_size() == 0 || CRYPTO_secure_used() + kRoomForHandshakes <= made_size();
  const bool is_rsa =
      EVP_PKEY_is_a(key.get(), "RSA") == 1 || EVP_PKEY_is_a(key.get(), "RSA-PSS") == 1;
  if (has_room || !is_rsa) return {std::move(key)};
  KeyPointer copy = copy_to_ordinary_memory(key.get());
  ERR_clear_error();
  if (!copy) return {std::move(key)};
  return {std::move(copy), false};
}

}  // namespace worker::tls
