#include <doctest/doctest.h>

#include "worker/tls/ciphers.h"

using worker::tls::choose_ciphers;
using worker::tls::Ciphers;
using Names = std::vector<std::string>;

TEST_CASE("ciphers: three spellings, any letter case, one cipher") {
  for (const char* name :
       {"ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384", "tls-ecdhe-rsa-with-aes-256-gcm-sha384",
        "ecdhe_rsa_aes256_gcm_sha384"}) {
    CAPTURE(name);
    const Ciphers chosen = choose_ciphers({name});
    CHECK(chosen.up_to_1_2 == "ECDHE-RSA-AES256-GCM-SHA384");
    CHECK(chosen.unknown.empty());
  }
  CHECK(choose_ciphers({"TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256"}).up_to_1_2 ==
        "ECDHE-ECDSA-CHACHA20-POLY1305");
  CHECK(choose_ciphers({"TLS-RSA-WITH-AES-128-CBC-SHA"}).up_to_1_2 == "AES128-SHA");
  CHECK(choose_ciphers({"TLS-ECDHE-ECDSA-WITH-AES-256-CCM"}).up_to_1_2 == "ECDHE-ECDSA-AES256-CCM");
}

TEST_CASE("ciphers: suites of TLS 1.3, with mbedTLS's mark and without it") {
  for (const char* name :
       {"TLS_AES_128_GCM_SHA256", "TLS-AES-128-GCM-SHA256", "TLS1-3-AES-128-GCM-SHA256"}) {
    CAPTURE(name);
    const Ciphers chosen = choose_ciphers({name});
    CHECK(chosen.suites_1_3 == "TLS_AES_128_GCM_SHA256");
    CHECK(chosen.up_to_1_2.empty());
    CHECK(chosen.unknown.empty());
  }
  CHECK(choose_ciphers({"TLS_AES_128_CCM_SHA256"}).suites_1_3 == "TLS_AES_128_CCM_SHA256");
}

TEST_CASE("ciphers: the operator sets the order; names of TLS 1.2 do not change TLS 1.3") {
  const Ciphers chosen =
      choose_ciphers({"ECDHE-RSA-AES256-GCM-SHA384", "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256"});
  CHECK(chosen.up_to_1_2 == "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256");
  CHECK(chosen.suites_1_3 == choose_ciphers({}).suites_1_3);
}

TEST_CASE("ciphers: unknown ones, and ones without encryption or authentication, are left out") {
  const Names bad{"TLS-RSA-WITH-RC4-128-MD5",
                  "no-such",
                  "NULL-SHA256",
                  "AECDH-AES128-SHA",
                  "ADH-AES128-GCM-SHA256",
                  "HIGH",
                  "",
                  "!aNULL"};
  const Ciphers chosen = choose_ciphers(bad);
  CHECK(chosen.unknown == bad);
  CHECK(chosen.up_to_1_2.empty());
  CHECK(chosen.suites_1_3.empty());
}

TEST_CASE("ciphers: the default has forward secrecy and authenticated encryption") {
  const Ciphers chosen = choose_ciphers({});
  CHECK(chosen.up_to_1_2.find("ECDHE-ECDSA-AES128-GCM-SHA256") == 0);
  CHECK(chosen.up_to_1_2.find("CBC") == std::string::npos);
  CHECK(chosen.suites_1_3 ==
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
}

TEST_CASE("ciphers: words of OpenSSL's language of cipher strings") {
  for (const char* text : {"HIGH", "ALL", "AESGCM", "aNULL", "kRSA", "RC4", "!aNULL", "-RC4",
                           "ECDH+AESGCM", "+SHA1", "@SECLEVEL=2", "PROFILE=SYSTEM"}) {
    CAPTURE(text);
    CHECK(worker::tls::is_cipher_expression(text));
  }
  for (const char* text : {"foo", "", "NULL-SHA256", "TLS_AES_128_GCM_SHA256", "rc4-md5"}) {
    CAPTURE(text);
    CHECK_FALSE(worker::tls::is_cipher_expression(text));
  }
}
