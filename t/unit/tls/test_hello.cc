// Tests of tls/hello: the certificates that a client can verify, and the choice of a protocol.
#include <doctest/doctest.h>

#include "t/unit/tls/harness.h"
#include "worker/tls/hello.h"

using namespace tls_test;
using worker::tls::KeyPointer;
using worker::tls::KeyUse;

namespace {

struct Client {
  int version;
  const char* ciphers;  // of TLS 1.2
  const char* schemes;  // the client's signature schemes; null: OpenSSL's default
};

// Which of the keys the client can verify, in the order rsa, rsa_pss, P-256, P-384, ed25519, ed448,
// a kind that this code does not know.
std::string verifiable(const Client& wish) {
  struct Keys {
    KeyUse all[7];
    std::string found = {};
  } keys{{KeyUse::of(make_rsa_key(2048).get()),
          {KeyUse::Algorithm::rsa_pss},
          KeyUse::of(make_ec_key("P-256").get()),
          KeyUse::of(make_ec_key("P-384").get()),
          {KeyUse::Algorithm::ed25519},
          {KeyUse::Algorithm::ed448},
          {KeyUse::Algorithm::other}}};
  SSL_CTX* const server_settings = SSL_CTX_new(TLS_server_method());
  SSL_CTX* const client_settings = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_client_hello_cb(
      server_settings,
      [](SSL* session, int*, void* argument) {
        auto* const wanted = static_cast<Keys*>(argument);
        for (const KeyUse& one : wanted->all) {
          wanted->found += worker::tls::can_verify(session, one) ? 'y' : 'n';
        }
        return SSL_CLIENT_HELLO_ERROR;
      },
      &keys);
  SSL_CTX_set_max_proto_version(client_settings, wish.version);
  REQUIRE(SSL_CTX_set_cipher_list(client_settings, wish.ciphers) == 1);
  SSL* const client = SSL_new(client_settings);
  SSL* const server = SSL_new(server_settings);
  if (wish.schemes != nullptr) {
    std::string copy(wish.schemes);
    REQUIRE(SSL_ctrl(client, SSL_CTRL_SET_SIGALGS_LIST, 0, copy.data()) == 1);
  }
  BIO* near = nullptr;
  BIO* far = nullptr;
  BIO_new_bio_pair(&near, 0, &far, 0);
  SSL_set_bio(client, near, near);
  SSL_set_bio(server, far, far);
  SSL_connect(client);
  SSL_accept(server);
  ERR_clear_error();
  SSL_free(client);
  SSL_free(server);
  SSL_CTX_free(client_settings);
  SSL_CTX_free(server_settings);
  return keys.found;
}

// The server name that a server finds in the first message `hello`.
std::string name_in(const std::string& hello) {
  SSL_CTX* const settings = SSL_CTX_new(TLS_server_method());
  std::string found = "no hello";
  SSL_CTX_set_client_hello_cb(
      settings,
      [](SSL* session, int*, void* argument) {
        *static_cast<std::string*>(argument) = worker::tls::server_name(session);
        return SSL_CLIENT_HELLO_ERROR;
      },
      &found);
  SSL* const server = SSL_new(settings);
  BIO* const in = BIO_new(BIO_s_mem());
  BIO_write(in, hello.data(), static_cast<int>(hello.size()));
  SSL_set_bio(server, in, BIO_new(BIO_s_mem()));
  SSL_accept(server);
  ERR_clear_error();
  SSL_free(server);
  SSL_CTX_free(settings);
  return found;
}

std::string chosen(std::string_view offered,
                   const std::vector<conf::Protocol>& protocols = {conf::Protocol::http1}) {
  worker::tls::ProtocolNames names = worker::tls::protocol_names(protocols);
  const unsigned char* name = nullptr;
  unsigned char size = 0;
  const int result = worker::tls::choose_protocol(
      nullptr, &name, &size, reinterpret_cast<const unsigned char*>(offered.data()),
      static_cast<unsigned>(offered.size()), &names);
  if (result != SSL_TLSEXT_ERR_OK) return result == SSL_TLSEXT_ERR_NOACK ? "none" : "alert";
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace

TEST_CASE("hello: the keys that a client of TLS 1.3 can verify, by its signature schemes") {
  const int version = TLS1_3_VERSION;
  CHECK(verifiable({version, "DEFAULT", nullptr}) == "yyyyyyy");
  CHECK(verifiable({version, "DEFAULT", "rsa_pss_rsae_sha256"}) == "ynnnnny");
  CHECK(verifiable({version, "DEFAULT", "rsa_pss_pss_sha512"}) == "nynnnny");
  CHECK(verifiable({version, "DEFAULT", "ecdsa_secp256r1_sha256"}) == "nnynnny");
  CHECK(verifiable({version, "DEFAULT", "ecdsa_secp384r1_sha384:ed25519"}) == "nnnyyny");
  // PKCS #1 is for certificates only in TLS 1.3, not for handshakes.
  CHECK(verifiable({version, "DEFAULT", "rsa_pkcs1_sha256"}) == "nnnnnny");
  // The ciphers of TLS 1.2 do not matter to a client that also speaks TLS 1.3.
  CHECK(verifiable({version, "ECDHE-RSA-AES128-GCM-SHA256", nullptr}) == "yyyyyyy");
}

TEST_CASE("hello: the keys that a client of TLS 1.2 can verify, by schemes and ciphers") {
  const int version = TLS1_2_VERSION;
  CHECK(verifiable({version, "DEFAULT", nullptr}) == "yyyyyyy");
  CHECK(verifiable({version, "ECDHE-RSA-AES128-GCM-SHA256", nullptr}) == "yynnnny");
  CHECK(verifiable({version, "ECDHE-ECDSA-AES128-GCM-SHA256", nullptr}) == "nnyyyyy");
  CHECK(verifiable({version, "DEFAULT", "RSA+SHA256"}) == "ynnnnny");
  // A hash is not bound to a curve in TLS 1.2.
  CHECK(verifiable({version, "DEFAULT", "ECDSA+SHA256"}) == "nnyynny");
}

TEST_CASE("hello: http/1.1, else http/1.0, else no protocol") {
  CHECK(chosen("\x02h2\x08http/1.1") == "http/1.1");
  CHECK(chosen("\x08http/1.0\x08http/1.1") == "http/1.1");
  CHECK(chosen("\x02h2\x08http/1.0") == "http/1.0");
  CHECK(chosen("\x08http/1.0") == "http/1.0");
  CHECK(chosen("\x02h2\x06spdy/3") == "none");
  CHECK(chosen("\x08HTTP/1.1\x07http/1.\x09http/1.1x") == "none");
  using conf::Protocol;
  const std::vector<Protocol> new_first = {Protocol::http2, Protocol::http1};
  const std::vector<Protocol> old_first = {Protocol::http1, Protocol::http2};
  CHECK(chosen("\x08http/1.1\x02h2", new_first) == "h2");
  CHECK(chosen("\x08http/1.1\x02h2", old_first) == "http/1.1");
  CHECK(chosen("\x02h2", old_first) == "h2");
  CHECK(chosen("\x03h2c\x01h\x08http/1.0", new_first) == "http/1.0");
}

TEST_CASE("hello: each scheme of a kind of key, from the first to the last, and no other") {
  const int newest = TLS1_3_VERSION;
  for (const char* hash : {"sha256", "sha384", "sha512"}) {
    CAPTURE(hash);
    CHECK(verifiable({newest, "DEFAULT", (std::string("rsa_pss_rsae_") + hash).c_str()}) ==
          "ynnnnny");
    CHECK(verifiable({newest, "DEFAULT", (std::string("rsa_pss_pss_") + hash).c_str()}) ==
          "nynnnny");
  }
  CHECK(verifiable({newest, "DEFAULT", "ed25519"}) == "nnnnyny");
  CHECK(verifiable({newest, "DEFAULT", "ed448"}) == "nnnnnyy");
  for (const char* hash : {"SHA224", "SHA256", "SHA384", "SHA512"}) {
    CAPTURE(hash);
    CHECK(verifiable({TLS1_2_VERSION, "DEFAULT", (std::string("RSA+") + hash).c_str()}) ==
          "ynnnnny");
    CHECK(verifiable({TLS1_2_VERSION, "DEFAULT", (std::string("ECDSA+") + hash).c_str()}) ==
          "nnyynny");
  }
  CHECK(verifiable({TLS1_2_VERSION, "DEFAULT@SECLEVEL=0", "RSA+SHA1"}) == "nnnnnny");
  CHECK(verifiable({TLS1_2_VERSION, "DEFAULT@SECLEVEL=0", "ECDSA+SHA1"}) == "nnnnnny");
}

TEST_CASE("hello: the server name, and none from a malformed extension") {
  const std::string whole = client_hello("a.test");
  const std::size_t at = whole.find("a.test");
  REQUIRE(at != std::string::npos);
  const auto named = [&](std::size_t offset, char byte) {
    std::string changed = whole;
    changed[at - offset] = byte;
    return name_in(changed);
  };
  // Before the name: the size of the list (2 bytes), the type, and the size of the name (2 bytes).
  CHECK(name_in(whole) == "a.test");
  CHECK(name_in(client_hello(nullptr)) == "");
  CHECK(name_in(client_hello(std::string(255, 'x').c_str())) == std::string(255, 'x'));
  CHECK(named(5, 1) == "");
  CHECK(named(4, 8) == "");
  CHECK(named(4, 10) == "");
  CHECK(named(3, 1) == "");
  CHECK(named(2, 1) == "");
  CHECK(named(1, 7) == "");
  CHECK(named(1, 5) == "a.tes");
}
