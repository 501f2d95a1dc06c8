// Tests of tls/client_auth: which client certificates pass, and what the backend is told.
#include "worker/tls/client_auth.h"

#include <doctest/doctest.h>

#include "t/unit/tls/harness.h"

using namespace tls_test;

namespace {

struct Sites {
  Folder folder;
  std::string first = folder.write("1.pem", simple_pem("first.test", "DNS:first.test"));
};

}  // namespace

TEST_CASE("client auth: client certificates, asked for or required") {
  const Sites sites;
  const worker::tls::KeyPointer root_key = make_ec_key();
  const auto root = make_certificate(root_key.get(), {.cn = "Root", .is_authority = true});
  const worker::tls::KeyPointer key = make_ec_key();
  const auto known = make_certificate(
      key.get(), {.cn = "some\r\none", .issuer = root.get(), .issuer_key = root_key.get()});
  const auto stranger = make_certificate(key.get(), {.cn = "stranger"});
  conf::Tls tls = settings_of({sites.first});
  tls.client_cert = conf::Tls::ClientCert{};
  tls.client_cert->ca = sites.folder.write("ca.pem", pem(root.get()));
  conf::Diagnostics diagnostics;
  const auto asks = make_context(tls, diagnostics);
  tls.client_cert->mode = conf::Tls::ClientCert::Mode::require;
  const auto requires_one = make_context(tls, diagnostics);
  REQUIRE((asks && requires_one));

  const auto fields = [&](worker::tls::Context& context, X509* shown) -> std::string {
    Pair pair(context);
    if (shown != nullptr) {
      SSL_CTX_use_certificate(pair.settings(), shown);
      SSL_CTX_use_PrivateKey(pair.settings(), key.get());
    }
    if (!pair.shake_hands()) return pair.server.tls()->failure();
    std::string out;
    worker::tls::append_fields(pair.server.tls()->ssl(), out);
    const std::size_t serial = out.find("X-SSL-Serial: ");
    if (serial != std::string::npos) out.erase(serial, out.find('\n', serial) + 1 - serial);
    return out;
  };
  const std::string common = "X-SSL-Cipher: TLS_AES_128_GCM_SHA256\r\nX-SSL-Protocol: TLSv1.3\r\n";
  const std::string named =
      "X-SSL-Subject: CN=some\\0D\\0Aone\r\nX-SSL-Issuer: CN=Root\r\nX-SSL-Verify: SUCCESS\r\n";
  CHECK(fields(*asks, nullptr) == common + "X-SSL-Verify: NONE\r\n");
  CHECK(fields(*asks, known.get()) == common + named);
  CHECK(fields(*asks, stranger.get()) == "certificate verify failed: self-signed certificate");
  CHECK(fields(*requires_one, nullptr) == "peer did not return a certificate");
  CHECK(fields(*requires_one, known.get()) == common + named);
  CHECK(fields(*requires_one, stranger.get()) ==
        "certificate verify failed: self-signed certificate");

  tls.client_cert->ca = sites.folder.write("empty.pem", "nothing");
  CHECK_FALSE(make_context(tls, diagnostics));
  tls.client_cert->ca = sites.folder.path + "/none";
  CHECK_FALSE(make_context(tls, diagnostics));
  CHECK(diagnostics.text().find("it contains no certificate; expected a PEM file") !=
        std::string::npos);
  CHECK(diagnostics.text().find("No such file or directory; expected a PEM file") !=
        std::string::npos);
}

TEST_CASE("client auth: revocation lists of clients' authorities and intermediates") {
  const Sites sites;
  const worker::tls::KeyPointer key = make_ec_key();
  const worker::tls::KeyPointer root_key = make_ec_key();
  const worker::tls::KeyPointer middle_key = make_ec_key();
  const auto root = make_certificate(root_key.get(), {.cn = "Root", .is_authority = true});
  const auto middle = make_certificate(
      middle_key.get(),
      {.cn = "Middle", .issuer = root.get(), .issuer_key = root_key.get(), .is_authority = true});
  const auto issued = [&](const char* cn) {
    return make_certificate(key.get(),
                            {.cn = cn, .issuer = middle.get(), .issuer_key = middle_key.get()});
  };
  const auto good = issued("good");
  const auto bad = issued("bad");
  const auto list = [](auto& issuer, auto& issuer_key, X509* revoked, long until) {
    return pem(make_crl({issuer.get(), issuer_key.get(), revoked, -3600, until}).get());
  };
  const std::string of_bad = list(middle, middle_key, bad.get(), 3600);
  const std::string expired = list(middle, middle_key, nullptr, -1);
  const std::string of_middle = list(root, root_key, middle.get(), 3600);
  const std::string of_nobody = list(root, root_key, nullptr, 3600);

  const auto outcome = [&](const std::string& lists, const auto& shown) -> std::string {
    conf::Tls tls = settings_of({sites.first});
    tls.client_cert = conf::Tls::ClientCert{};
    tls.client_cert->ca = sites.folder.write("ca.pem", pem(root.get()));
    if (!lists.empty()) tls.client_cert->crl = sites.folder.write("crl.pem", lists);
    conf::Diagnostics diagnostics;
    const auto context = make_context(tls, diagnostics);
    REQUIRE_MESSAGE(context, diagnostics.text());
    Pair pair(*context);
    SSL_CTX_use_certificate(pair.settings(), shown.get());
    SSL_CTX_add1_chain_cert(pair.settings(), middle.get());
    SSL_CTX_use_PrivateKey(pair.settings(), key.get());
    return pair.shake_hands() ? "served" : pair.server.tls()->failure();
  };
  const std::string head = "certificate verify failed: ";
  CHECK(outcome("", bad) == "served");
  // An issuer without a list: here the root, and then the intermediate.
  CHECK(outcome(of_bad, bad) == head + "certificate revoked");
  CHECK(outcome(of_bad, good) == "served");
  CHECK(outcome(of_nobody, good) == "served");
  CHECK(outcome(of_middle, good) == head + "certificate revoked");
  CHECK(outcome(of_nobody + of_bad, bad) == head + "certificate revoked");
  CHECK(outcome(of_nobody + of_bad, good) == "served");
  CHECK(outcome(expired, good) == head + "CRL has expired");
}

TEST_CASE("client auth: the identity of a ticket differs when a revocation list differs") {
  const Folder folder;
  const worker::tls::KeyPointer key = make_ec_key();
  const auto root = make_certificate(key.get(), {.cn = "Root", .is_authority = true});
  const auto identity = [&](const std::string& lists) {
    conf::Tls::ClientCert wanted;
    wanted.ca = folder.write("ca.pem", pem(root.get()) + lists);
    conf::Diagnostics diagnostics;
    return worker::tls::ClientAuth::load(wanted, diagnostics).value().identity();
  };
  const std::string list = pem(make_crl({root.get(), key.get()}).get());
  const std::string other = pem(make_crl({root.get(), key.get(), root.get()}).get());
  CHECK(identity(list) == identity(list));
  CHECK(identity("") != identity(list));
  CHECK(identity(list) != identity(other));
}

TEST_CASE("client auth: the chain up to an authority may have as many issuers as Depth says") {
  const Sites sites;
  const worker::tls::KeyPointer key = make_ec_key();
  const auto root = make_certificate(key.get(), {.cn = "Root", .is_authority = true});
  const auto issued = [&](const char* cn, X509* issuer, bool is_authority) {
    return make_certificate(
        key.get(),
        {.cn = cn, .issuer = issuer, .issuer_key = key.get(), .is_authority = is_authority});
  };
  const auto upper = issued("Upper", root.get(), true);
  const auto lower = issued("Lower", upper.get(), true);
  const auto leaf = issued("leaf", lower.get(), false);
  const auto outcome = [&](X509* authority, unsigned depth) -> std::string {
    conf::Tls tls = settings_of({sites.first});
    tls.client_cert = conf::Tls::ClientCert{};
    tls.client_cert->depth = depth;
    tls.client_cert->ca = sites.folder.write("ca.pem", pem(authority));
    conf::Diagnostics diagnostics;
    const auto context = make_context(tls, diagnostics);
    REQUIRE_MESSAGE(context, diagnostics.text());
    Pair pair(*context);
    SSL_CTX_use_certificate(pair.settings(), leaf.get());
    SSL_CTX_add1_chain_cert(pair.settings(), lower.get());
    SSL_CTX_add1_chain_cert(pair.settings(), upper.get());
    SSL_CTX_use_PrivateKey(pair.settings(), key.get());
    return pair.shake_hands() ? "served" : pair.server.tls()->failure();
  };
  CHECK(outcome(root.get(), 1) == "certificate verify failed: certificate chain too long");
  CHECK(outcome(root.get(), 2) == "served");
  // An intermediate in the file is an authority, although its own issuer is not in the file.
  CHECK(outcome(lower.get(), 1) == "served");
}

TEST_CASE("client auth: the client learns the names of the authorities") {
  const Sites sites;
  const worker::tls::KeyPointer key = make_ec_key();
  const auto one = make_certificate(key.get(), {.cn = "One", .is_authority = true});
  const auto two = make_certificate(key.get(), {.cn = "Two", .is_authority = true});
  conf::Tls tls = settings_of({sites.first});
  tls.client_cert = conf::Tls::ClientCert{};
  tls.client_cert->ca = sites.folder.write("ca.pem", pem(one.get()) + pem(two.get()));
  conf::Diagnostics diagnostics;
  const auto context = make_context(tls, diagnostics);
  REQUIRE(context);
  Pair pair(*context);
  REQUIRE(pair.shake_hands());
  const STACK_OF(X509_NAME)* const told = SSL_get0_peer_CA_list(pair.client);
  REQUIRE(sk_X509_NAME_num(told) == 2);
  CHECK(X509_NAME_cmp(sk_X509_NAME_value(told, 0), X509_get_subject_name(one.get())) == 0);
  CHECK(X509_NAME_cmp(sk_X509_NAME_value(told, 1), X509_get_subject_name(two.get())) == 0);
}

TEST_CASE("client auth: the fields of a listener that asks for no certificate, and a serial") {
  const Sites sites;
  const worker::tls::KeyPointer key = make_ec_key();
  const auto shown = make_certificate(key.get(), {.cn = "Root", .is_authority = true});
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(shown.get()), 0x0123456789abcdef);
  X509_sign(shown.get(), key.get(), EVP_sha256());
  conf::Tls tls = settings_of({sites.first});
  conf::Diagnostics diagnostics;
  const auto plain = make_context(tls, diagnostics);
  tls.client_cert = conf::Tls::ClientCert{};
  tls.client_cert->ca = sites.folder.write("ca.pem", pem(shown.get()));
  const auto asks = make_context(tls, diagnostics);
  REQUIRE((plain && asks));
  const auto fields = [&](worker::tls::Context& context) {
    Pair pair(context);
    SSL_CTX_set_max_proto_version(pair.settings(), TLS1_2_VERSION);
    SSL_CTX_use_certificate(pair.settings(), shown.get());
    SSL_CTX_use_PrivateKey(pair.settings(), key.get());
    REQUIRE(pair.shake_hands());
    std::string out;
    worker::tls::append_fields(pair.server.tls()->ssl(), out);
    return out;
  };
  const std::string common =
      "X-SSL-Cipher: ECDHE-ECDSA-AES128-GCM-SHA256\r\nX-SSL-Protocol: TLSv1.2\r\n";
  CHECK(fields(*plain) == common);
  CHECK(fields(*asks) == common +
                             "X-SSL-Subject: CN=Root\r\nX-SSL-Issuer: CN=Root\r\n"
                             "X-SSL-Serial: 0123456789ABCDEF\r\nX-SSL-Verify: SUCCESS\r\n");
}

TEST_CASE("client auth: the identity of a ticket differs when the authorities or rules differ") {
  const Folder folder;
  const worker::tls::KeyPointer key = make_ec_key();
  const auto root = make_certificate(key.get(), {.cn = "Root", .is_authority = true});
  const auto other = make_certificate(key.get(), {.cn = "Other", .is_authority = true});
  conf::Diagnostics diagnostics;
  const auto identity = [&](const conf::Tls::ClientCert& wanted) {
    return worker::tls::ClientAuth::load(wanted, diagnostics).value().identity();
  };
  conf::Tls::ClientCert wanted;
  wanted.ca = folder.write("root.pem", pem(root.get()));
  const std::string before = identity(wanted);
  CHECK(worker::tls::ClientAuth::load(std::nullopt, diagnostics).value().identity().empty());
  conf::Tls::ClientCert changed = wanted;
  CHECK(identity(changed) == before);
  changed.depth = 2;
  CHECK(identity(changed) != before);
  changed = wanted;
  changed.mode = conf::Tls::ClientCert::Mode::require;
  CHECK(identity(changed) != before);
  changed = wanted;
  changed.ca = folder.write("other.pem", pem(other.get()));
  CHECK(identity(changed) != before);
}
