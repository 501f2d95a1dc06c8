// Settings of all contexts: see settings.h.
#include "worker/tls/settings.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <string>

#include "worker/log/escape.h"

namespace worker::tls {

namespace {

constexpr int kSecurityLevel = 2;  // 112 bits: no RSA below 2048, no SHA-1
constexpr std::string_view kExample = "ECDHE-RSA-AES128-GCM-SHA256";

bool is_same(const conf::Position& one, const conf::Position& other) {
  return one.file == other.file && one.line == other.line && one.column == other.column;
}

// `fate`: "is ignored".
std::string unusable_text(const std::string& name, bool is_expression, const std::string& fate) {
  const std::string what = "`" + log::escaped(name) + "` " + fate + ": ";
  if (is_expression) {
    return what + "cipher expressions are not supported; list names such as " +
           std::string(kExample);
  }
  return "the cipher " + what +
         "OpenSSL does not know it or considers it too weak; expected a name such as " +
         std::string(kExample);
}

}  // namespace

Ciphers usable_ciphers(const std::vector<conf::CipherName>& wanted,
                       conf::Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const conf::CipherName& one : wanted) names.push_back(one.name);
  Ciphers ciphers = choose_ciphers(names);
  const bool none_is_left = ciphers.suites_1_3.empty();
  const conf::Position* last = nullptr;  // of an expression
  for (const conf::CipherName& one : wanted) {
    if (std::ranges::find(ciphers.unknown, one.name) == ciphers.unknown.end()) continue;
    const bool is_expression = is_cipher_expression(one.name);
    if (is_expression && last != nullptr && is_same(*last, one.where)) continue;
    if (is_expression) last = &one.where;
    if (none_is_left) {
      diagnostics.error(one.where, unusable_text(one.name, is_expression, "cannot be used"));
    } else {
      diagnostics.warning(conf::Lint::unknown_cipher, one.where,
                          unusable_text(one.name, is_expression, "is ignored"));
    }
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
