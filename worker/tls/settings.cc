// Settings of all contexts: see settings.h.
#include "worker/tls/settings.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <string>

#include "worker/log/escape.h"

namespace worker::tls {

namespace {

constexpr int kSecurityLevel = 2;  // 112 bits: no RSA below 2048, no SHA-1

}  // namespace

Ciphers usable_ciphers(const std::vector<conf::CipherName>& wanted, const conf::Position& where,
                       conf::Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const conf::CipherName& one : wanted) names.push_back(one.name);
  Ciphers ciphers = choose_ciphers(names);
  for (const std::string& name : ciphers.unknown) {
    const auto written = std::ranges::find(wanted, name, &conf::CipherName::name);
    diagnostics.warning(conf::Lint::unknown_cipher, written->where,
                        "the cipher `" + log::escaped(name) +
                            "` is ignored: OpenSSL does not know it or considers it too "
                            "weak");
  }
  if (ciphers.suites_1_3.empty()) {
    diagnostics.error(where,
                      "no usable cipher is left in `Ciphers`; expected names such as "
                      "ECDHE-RSA-AES128-GCM-SHA256");
  }
  return ciphers;
}

bool set_protocol(SSL_CTX* context, conf::Tls::Version least, const Ciphers& ciphers) {
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  const bool only_1_3 = least == conf::Tls::Version::tls1_3 || ciphers.up_to_1_2.empty();
  return SSL_CTX_set_min_proto_version(context, only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         (ciphers.up_to_1_2.empty() ||
          SSL_CTX_set_cipher_list(context, ciphers.up_to_1_2.c_str()) == 1) &&
         SSL_CTX_set_ciphersuites(context, ciphers.suites_1_3.c_str()) == 1;
}

bool set_certificate(SSL_CTX* context, const Certificate& certificate) {
  if (SSL_CTX_use_certificate(context, certificate.leaf.get()) != 1) return false;
  if (SSL_CTX_use_PrivateKey(context, certificate.key.get()) != 1) return false;
  SSL_CTX_clear_chain_certs(context);
  for (const X509Pointer& one : certificate.chain) {
    if (SSL_CTX_add1_chain_cert(context, one.get()) != 1) return false;
  }
  return true;
}

}  // namespace worker::tls
