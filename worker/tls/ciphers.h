// Names of cipher suites: OpenSSL's (ECDHE-RSA-AES128-GCM-SHA256), IANA's (TLS_ECDHE_RSA_WITH_…)
// and mbedTLS's (TLS-ECDHE-RSA-WITH-…) mean the same here.
//
// Knows what this OpenSSL can do by asking it; keeps no table of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace worker::tls {

// What a listener offers, in its order of preference, as OpenSSL takes it: colons between names.
struct Ciphers {
  std::string up_to_1_2;             // empty: TLS 1.2 cannot be spoken
  std::string suites_1_3;            // empty, as the other is: none of the names will do
  std::vector<std::string> unknown;  // names that this OpenSSL lacks, or has but finds too weak
};

// No names: a modern default. Names of TLS 1.2 alone leave TLS 1.3 as it is, since it has its own;
// names of TLS 1.3 alone leave nothing to TLS 1.2.
Ciphers choose_ciphers(const std::vector<std::string>& names);

}  // namespace worker::tls
