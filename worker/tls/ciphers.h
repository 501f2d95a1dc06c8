// Translates names of cipher suites. OpenSSL's names (ECDHE-RSA-AES128-GCM-SHA256), IANA's
// (TLS_ECDHE_RSA_WITH_…) and mbedTLS's (TLS-ECDHE-RSA-WITH-…) are equivalent here.
//
// Asks OpenSSL for the ciphers that it has; keeps no table of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace worker::tls {

// The ciphers that a listener offers, in its order of preference: OpenSSL's names, with colons
// between them.
struct Ciphers {
  std::string up_to_1_2;             // empty: no TLS 1.2
  std::string suites_1_3;            // empty only if up_to_1_2 is: no name was usable
  std::vector<std::string> unknown;  // names that OpenSSL lacks, or of ciphers that are too weak
};

// Whether `text`, one of Ciphers::unknown, is from OpenSSL's language of cipher strings, such as
// `HIGH`, `!aNULL` or `ECDH+AESGCM`.
bool is_cipher_expression(std::string_view text);

// Without names the choice is a modern default. If all names are of TLS 1.2, then TLS 1.3 keeps its
// default suites. If all are of TLS 1.3, then TLS 1.2 is not offered.
Ciphers choose_ciphers(const std::vector<std::string>& names);

}  // namespace worker::tls
