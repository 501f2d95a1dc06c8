// MD5 by OpenSSL: see digest.h.
#include "worker/tls/digest.h"

#include <openssl/evp.h>

namespace worker::tls {

bool md5(std::string_view bytes, Md5& digest) {
  return EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_md5(), nullptr) == 1;
}

}  // namespace worker::tls
