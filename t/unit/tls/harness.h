// Makes certificates for tests, and runs a TLS client in the same process.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <string>

#include "t/unit/folder.h"
#include "worker/net/stream.h"
#include "worker/tls/authorities.h"
#include "worker/tls/certificate.h"
#include "worker/tls/context.h"

namespace tls_test {

inline worker::tls::KeyPointer make_ec_key(const char* curve = "P-256") {
  return worker::tls::KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}
inline worker::tls::KeyPointer make_rsa_key(std::size_t bits) {
  return worker::tls::KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}

// The contents of a certificate to make. Without an issuer it is self-signed.
struct Wish {
  std::string cn = "a.test";
  std::string san = {};  // "DNS:a.test,DNS:*.a.test"
  X509* issuer = nullptr;
  EVP_PKEY* issuer_key = nullptr;
  bool is_authority = false;
  long from = -3600;  // first and last second of its life, counted from now
  long until = 400L * 86'400;
  const EVP_MD* digest = EVP_sha256();
};

inline worker::tls::X509Pointer make_certificate(EVP_PKEY* key, const Wish& wish) {
  static long serial = 0x1000;
  worker::tls::X509Pointer made(X509_new());
  X509* const x = made.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), wish.from);
  X509_gmtime_adj(X509_getm_notAfter(x), wish.until);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.cn.data()),
                             static_cast<int>(wish.cn.size()), -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(wish.issuer != nullptr ? wish.issuer : x));
  X509V3_CTX context;
  X509V3_set_ctx(&context, wish.issuer != nullptr ? wish.issuer : x, x, nullptr, nullptr, 0);
  const auto extend = [&](int kind, const std::string& value) {
    X509_EXTENSION* const one = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    X509_add_ext(x, one, -1);
    X509_EXTENSION_free(one);
  };
  extend(NID_basic_constraints, wish.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  extend(NID_subject_key_identifier, "hash");
  if (!wish.san.empty()) extend(NID_subject_alt_name, wish.san);
  X509_sign(x, wish.issuer_key != nullptr ? wish.issuer_key : key, wish.digest);
  return made;
}

// The contents of a revocation list to make.
struct CrlWish {
  X509* issuer;
  EVP_PKEY* issuer_key;
  X509* revoked = nullptr;
  long from = -3600;  // its time of issue and of the next list, in seconds from now
  long until = 3600;
};

inline worker::tls::CrlPointer make_crl(const CrlWish& wish) {
  worker::tls::CrlPointer made(X509_CRL_new());
  X509_CRL* const crl = made.get();
  X509_CRL_set_version(crl, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl, X509_get_subject_name(wish.issuer));
  ASN1_TIME* const time = ASN1_TIME_new();
  X509_CRL_set1_lastUpdate(crl, X509_gmtime_adj(time, wish.from));
  X509_CRL_set1_nextUpdate(crl, X509_gmtime_adj(time, wish.until));
  if (wish.revoked != nullptr) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(wish.revoked));
    X509_REVOKED_set_revocationDate(entry, X509_gmtime_adj(time, wish.from));
    X509_CRL_add0_revoked(crl, entry);
  }
  ASN1_TIME_free(time);
  X509_CRL_sort(crl);
  X509_CRL_sign(crl, wish.issuer_key, EVP_sha256());
  return made;
}

inline std::string take(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}
inline std::string pem(X509* certificate) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  return take(bio);
}
inline std::string pem(X509_CRL* crl) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509_CRL(bio, crl);
  return take(bio);
}
inline std::string pem(EVP_PKEY* key, const char* password = nullptr) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, password != nullptr ? EVP_aes_128_cbc() : nullptr,
                                password, password != nullptr ? 4 : 0, nullptr, nullptr);
  return take(bio);
}

// The text of a PEM file with one self-signed certificate and its EC key.
inline std::string simple_pem(const std::string& cn, const std::string& san = {}) {
  const worker::tls::KeyPointer key = make_ec_key();
  return pem(make_certificate(key.get(), {.cn = cn, .san = san}).get()) + pem(key.get());
}

inline conf::Tls settings_of(std::initializer_list<std::string> files) {
  conf::Tls tls;
  for (const std::string& file : files) tls.certificates.push_back({.path = file, .where = {}});
  return tls;
}

inline std::shared_ptr<worker::tls::Context> make_context(const conf::Tls& tls,
                                                          conf::Diagnostics& diagnostics) {
  return worker::tls::Context::make(tls, diagnostics);
}

inline std::shared_ptr<worker::tls::Context> some_context() {
  const Folder folder;
  conf::Diagnostics diagnostics;
  return make_context(settings_of({folder.write("a.pem", simple_pem("a.test"))}), diagnostics);
}

// Pseudo-random bytes, the same each time: lost, doubled or moved bytes show.
inline std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& c : bytes) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return bytes;
}

// The first message of a client, which asks for `name`.
inline std::string client_hello(const char* name = nullptr) {
  SSL_CTX* const settings = SSL_CTX_new(TLS_client_method());
  SSL* const client = SSL_new(settings);
  if (name != nullptr) {
    std::string copy(name);
    SSL_ctrl(client, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, copy.data());
  }
  BIO* const out = BIO_new(BIO_s_mem());
  BIO_up_ref(out);
  SSL_set_bio(client, BIO_new(BIO_s_mem()), out);
  SSL_connect(client);
  ERR_clear_error();
  SSL_free(client);
  SSL_CTX_free(settings);
  return take(out);
}

// A client and a server's stream on the two ends of a socket pair, both non-blocking.
class Pair {
 public:
  explicit Pair(worker::tls::Context& context) : settings_(SSL_CTX_new(TLS_client_method())) {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) std::abort();
    server = worker::net::Stream(worker::net::UniqueFd(fds[0]));
    client_socket = worker::net::UniqueFd(fds[1]);
    server.secure(context);
  }
  ~Pair() {
    // Without a shutdown OpenSSL would mark the client's session as not resumable.
    if (client != nullptr) SSL_set_shutdown(client, SSL_SENT_SHUTDOWN);
    SSL_free(client);
    SSL_CTX_free(settings_);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  SSL_CTX* settings() { return settings_; }

  SSL* make_client(const char* name = nullptr) {
    if (client == nullptr) {
      client = SSL_new(settings_);
      SSL_set_fd(client, client_socket.get());
      if (name != nullptr) set_name(name);
    }
    return client;
  }

  // OpenSSL's macro for this has an old-style cast, which is a warning here.
  void set_name(const char* name) {
    std::string copy(name);
    SSL_ctrl(client, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, copy.data());
  }

  // Whether both sides have completed the handshake.
  bool shake_hands(const char* name = nullptr) {
    make_client(name);
    char byte;
    bool done = false;
    for (int i = 0; i < 10; ++i) {
      ERR_clear_error();
      done = SSL_connect(client) == 1;
      last = server.read(&byte, 1);
      if (last.status != worker::tls::IoStatus::would_block) return false;
    }
    return done && server.tls()->established();
  }

  // The CN of the certificate that the server has shown.
  std::string served() const {
    worker::tls::X509Pointer shown(SSL_get1_peer_certificate(client));
    char text[256] = "";
    if (shown) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, text,
                                sizeof text);
    }
    return text;
  }

  // All bytes that the client can read now.
  std::string received() {
    std::string all;
    char part[4096];
    for (;;) {
      ERR_clear_error();
      const int n = SSL_read(client, part, sizeof part);
      if (n <= 0) return all;
      all.append(part, static_cast<std::size_t>(n));
    }
  }

  worker::net::Stream server;
  worker::net::UniqueFd client_socket;
  SSL* client = nullptr;
  worker::tls::IoResult last{};

 private:
  SSL_CTX* settings_;
};

}  // namespace tls_test
