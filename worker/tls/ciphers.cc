// Names of cipher suites: see ciphers.h.
#include "worker/tls/ciphers.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace worker::tls {

namespace {

// All have forward secrecy and authenticated encryption. The cheapest ones come first.
constexpr std::string_view kDefault12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr std::string_view kDefault13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

constexpr int kMinBits = 112;  // as OpenSSL's security level 2

// Brings all spellings to one, in upper case with underscores.
std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  // mbedTLS's names of TLS 1.3 suites have a mark that IANA's do not have.
  constexpr std::string_view kMarked = "TLS1_3_";
  if (out.starts_with(kMarked)) out.replace(0, kMarked.size(), "TLS_");
  return out;
}

bool is_strong(const SSL_CIPHER* cipher) {
  return SSL_CIPHER_get_bits(cipher, nullptr) >= kMinBits &&
         SSL_CIPHER_get_auth_nid(cipher) != NID_auth_null;
}

bool is_of_1_3(const SSL_CIPHER* cipher) { return SSL_CIPHER_get_kx_nid(cipher) == NID_kx_any; }

// All ciphers that this OpenSSL has.
class Catalogue {
 public:
  Catalogue() : context_(SSL_CTX_new(TLS_method()), SSL_CTX_free) {
    if (!context_) return;
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_cipher_list(context_.get(), "ALL:COMPLEMENTOFALL");
    SSL_CTX_set_ciphersuites(context_.get(),
                             "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                             "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:"
                             "TLS_AES_128_CCM_8_SHA256");
  }

  const SSL_CIPHER* find(std::string_view name) const {
    if (!context_) return nullptr;
    const std::string wanted = folded(name);
    const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(context_.get());
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
      const SSL_CIPHER* const one = sk_SSL_CIPHER_value(all, i);
      const char* const standard = SSL_CIPHER_standard_name(one);
      if (folded(SSL_CIPHER_get_name(one)) == wanted ||
          (standard != nullptr && folded(standard) == wanted)) {
        return one;
      }
    }
    return nullptr;
  }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
};

void append(std::string& list, std::string_view name) {
  if (!list.empty()) list += ':';
  list += name;
}

}  // namespace

bool is_cipher_expression(std::string_view text) {
  if (text.starts_with('-') || text.find_first_of("!+@=") != text.npos) return true;
  // A class of ciphers: capitals, perhaps behind a letter for what it is about.
  if (text.starts_with('a') || text.starts_with('k')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isupper(c) != 0 || std::isdigit(c) != 0;
  });
}

Ciphers choose_ciphers(const std::vector<std::string>& names) {
  Ciphers chosen;
  if (names.empty()) return {std::string(kDefault12), std::string(kDefault13), {}};
  const Catalogue catalogue;
  for (const std::string& name : names) {
    const SSL_CIPHER* const cipher = catalogue.find(name);
    if (cipher == nullptr || !is_strong(cipher)) {
      chosen.unknown.push_back(name);
    } else if (is_of_1_3(cipher)) {
      append(chosen.suites_1_3, SSL_CIPHER_get_name(cipher));
    } else {
      append(chosen.up_to_1_2, SSL_CIPHER_get_name(cipher));
    }
  }
  if (chosen.suites_1_3.empty() && !chosen.up_to_1_2.empty()) chosen.suites_1_3 = kDefault13;
  return chosen;
}

}  // namespace worker::tls
