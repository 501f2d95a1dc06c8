#include <doctest/doctest.h>

#include "shm/segment.h"
#include "t/unit/tls/harness.h"

using namespace tls_test;

namespace {

shm::TicketKey some_key(std::uint8_t byte) {
  shm::TicketKey key;
  key.name.fill(byte);
  key.cipher.fill(byte);
  key.mac.fill(byte);
  return key;
}

// The newest session that the client has got.
SSL_SESSION* session_of(Pair& pair) {
  iovec piece{const_cast<char*>("x"), 1};
  pair.server.write(&piece, 1);
  pair.received();  // TLS 1.3 sends tickets after the handshake
  return SSL_get1_session(pair.client);
}

struct Sites {
  Folder folder;
  std::string first = folder.write("1.pem", simple_pem("first.test", "DNS:first.test"));
  std::string wild = folder.write("2.pem", simple_pem("wild.test", "DNS:*.wild.test"));
  std::string exact = folder.write("3.pem", simple_pem("x.wild.test", "DNS:x.wild.test"));
};

}  // namespace

TEST_CASE("tls context: the server name selects the certificate; other names get the first one") {
  const Sites sites;
  conf::Diagnostics diagnostics;
  const auto context =
      make_context(settings_of({sites.first, sites.wild, sites.exact}), diagnostics);
  REQUIRE_MESSAGE(context, diagnostics.text());
  const std::pair<const char*, const char*> matrix[] = {
      {nullptr, "first.test"},         {"first.test", "first.test"},
      {"none.test", "first.test"},     {"wild.test", "first.test"},
      {"a.wild.test", "wild.test"},    {"A.WILD.Test", "wild.test"},
      {"x.wild.test", "x.wild.test"},  {"a.b.wild.test", "first.test"},
      {"b.x.wild.test", "first.test"}, {"localhost", "first.test"},
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const auto& row : matrix) {
      const auto& name = row.first;
      const auto& served = row.second;
      CAPTURE(version);
      CAPTURE((name != nullptr ? name : "none"));
      Pair pair(*context);
      SSL_CTX_set_max_proto_version(pair.settings(), version);
      REQUIRE(pair.shake_hands(name));
      CHECK(pair.served() == served);
    }
  }
}

TEST_CASE("tls context: of RSA and ECDSA for one name a client gets the one that it can use") {
  const Folder folder;
  const worker::tls::KeyPointer rsa = make_rsa_key(2048);
  const std::string rsa_file = folder.write(
      "rsa.pem", pem(make_certificate(rsa.get(), {.san = "DNS:a.test"}).get()) + pem(rsa.get()));
  const std::string ec_file = folder.write("ec.pem", simple_pem("a.test", "DNS:a.test"));
  conf::Diagnostics diagnostics;
  const auto context = make_context(settings_of({rsa_file, ec_file}), diagnostics);
  REQUIRE_MESSAGE(context, diagnostics.text());
  for (const char* name : {"a.test", "other.test"}) {
    for (const auto& [list, kind] : {std::pair{"ECDHE-RSA-AES128-GCM-SHA256", EVP_PKEY_RSA},
                                     {"ECDHE-ECDSA-AES128-GCM-SHA256", EVP_PKEY_EC}}) {
      Pair pair(*context);
      SSL_CTX_set_max_proto_version(pair.settings(), TLS1_2_VERSION);
      SSL_CTX_set_cipher_list(pair.settings(), list);
      REQUIRE(pair.shake_hands(name));
      const worker::tls::X509Pointer shown(SSL_get1_peer_certificate(pair.client));
      CHECK(EVP_PKEY_get_base_id(X509_get0_pubkey(shown.get())) == kind);
    }
  }
}

TEST_CASE("tls context: a wildcard's certificate serves a client that the exact name's cannot") {
  const Folder folder;
  const worker::tls::KeyPointer rsa = make_rsa_key(2048);
  const worker::tls::KeyPointer ec = make_ec_key();
  const auto file = [&](const std::string& cn, const worker::tls::KeyPointer& key) {
    const auto made = make_certificate(key.get(), {.cn = cn, .san = "DNS:" + cn});
    return folder.write(cn + ".pem", pem(made.get()) + pem(key.get()));
  };
  const std::string first = folder.write("first.pem", simple_pem("first.test"));
  const struct {
    const worker::tls::KeyPointer& exact;
    const worker::tls::KeyPointer& wild;
    const char* able_of_exact;
    const char* able_of_wild;
  } cases[] = {{ec, rsa, "ECDSA", "RSA"}, {rsa, ec, "RSA", "ECDSA"}};
  for (const auto& one : cases) {
    conf::Diagnostics diagnostics;
    const auto context = make_context(
        settings_of({first, file("x.a.test", one.exact), file("*.a.test", one.wild)}), diagnostics);
    REQUIRE_MESSAGE(context, diagnostics.text());
    const auto served = [&](const std::string& kinds, const char* name) -> std::string {
      Pair pair(*context);
      SSL_CTX_set_max_proto_version(pair.settings(), TLS1_2_VERSION);
      SSL_CTX_set_cipher_list(pair.settings(), kinds.c_str());
      return pair.shake_hands(name) ? pair.served() : pair.server.tls()->failure();
    };
    const std::string suffix = "-AES128-GCM-SHA256";
    const std::string exact = std::string("ECDHE-") + one.able_of_exact + suffix;
    const std::string wild = std::string("ECDHE-") + one.able_of_wild + suffix;
    CHECK(served(exact, "x.a.test") == "x.a.test");
    CHECK(served(wild, "x.a.test") == "*.a.test");
    CHECK(served(std::string(wild).append(":").append(exact), "X.a.test.") == "x.a.test");
    CHECK(served(wild, "y.a.test") == "*.a.test");
    CHECK(served(exact, "y.a.test") == "no shared cipher");
    CHECK(served("DHE-RSA-AES128-GCM-SHA256", "x.b.test") == "no shared cipher");
  }
}

TEST_CASE("tls context: versions, ciphers and ALPN") {
  const Sites sites;
  conf::Diagnostics diagnostics;
  conf::Tls tls = settings_of({sites.first});
  const auto both = make_context(tls, diagnostics);
  tls.min_tls = conf::Tls::Version::tls1_3;
  const auto newest = make_context(tls, diagnostics);
  tls.min_tls = conf::Tls::Version::tls1_2;
  tls.ciphers = {{"TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384", {}}, {"no-such", {}}};
  const auto one_cipher = make_context(tls, diagnostics);
  REQUIRE((both && newest && one_cipher));
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].severity == conf::Severity::warning);
  CHECK(diagnostics.all()[0].message ==
        "the cipher `no-such` is ignored: OpenSSL does not know it or considers it too weak; "
        "expected a name such as ECDHE-RSA-AES128-GCM-SHA256");

  const auto shakes = [](worker::tls::Context& context, int version, const char* list) {
    Pair pair(context);
    SSL_CTX_set_min_proto_version(pair.settings(), TLS1_VERSION);
    SSL_CTX_set_security_level(pair.settings(), 0);
    SSL_CTX_set_max_proto_version(pair.settings(), version);
    if (list != nullptr) SSL_CTX_set_cipher_list(pair.settings(), list);
    return pair.shake_hands();
  };
  CHECK(shakes(*both, TLS1_2_VERSION, nullptr));
  CHECK_FALSE(shakes(*both, TLS1_1_VERSION, nullptr));
  CHECK_FALSE(shakes(*both, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA"));
  CHECK_FALSE(shakes(*newest, TLS1_2_VERSION, nullptr));
  CHECK(shakes(*newest, TLS1_3_VERSION, nullptr));
  CHECK(shakes(*one_cipher, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"));
  CHECK_FALSE(shakes(*one_cipher, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"));
  CHECK(shakes(*one_cipher, TLS1_3_VERSION, nullptr));

  const auto agreed = [&](std::string_view offered) -> std::string {
    Pair pair(*both);
    SSL_CTX_set_alpn_protos(pair.settings(), reinterpret_cast<const unsigned char*>(offered.data()),
                            static_cast<unsigned>(offered.size()));
    if (!pair.shake_hands()) return "refused";
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(pair.client, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  };
  CHECK(agreed("\x02h2\x08http/1.1") == "http/1.1");  // without Protocols
  CHECK(agreed("\x08http/1.0") == "http/1.0");
  CHECK(agreed("\x02h2") == "");
}

TEST_CASE("tls context: without a usable cipher there is an error") {
  const Sites sites;
  conf::Diagnostics diagnostics;
  conf::Tls tls = settings_of({sites.first});
  tls.ciphers = {conf::CipherName{"RC4-MD5", {}}};
  CHECK_FALSE(make_context(tls, diagnostics));
  CHECK(diagnostics.text() ==
        "error: the cipher `RC4-MD5` cannot be used: OpenSSL does not know it or considers it too "
        "weak; expected a name such as ECDHE-RSA-AES128-GCM-SHA256\n");
}

TEST_CASE("tls context: a ticket resumes in another process's context, under its own name only") {
  const Sites sites;
  conf::Diagnostics diagnostics;
  shm::Segment segment(1);
  std::uint8_t number = 1;
  segment.ticket_keys().rotate(some_key(number));
  const conf::Tls tls = settings_of({sites.first, sites.wild});
  const auto old = make_context(tls, diagnostics);
  const auto next = make_context(tls, diagnostics);
  const auto without_keys = make_context(tls, diagnostics);
  REQUIRE((old && next && without_keys));
  old->use_tickets(segment.ticket_keys());
  next->use_tickets(segment.ticket_keys());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Pair first(*old);
    SSL_CTX_set_max_proto_version(first.settings(), version);
    REQUIRE(first.shake_hands("a.wild.test"));
    CHECK(SSL_session_reused(first.client) == 0);
    SSL_SESSION* const session = session_of(first);
    int fresh_tickets = 0;
    const auto resumes = [&](worker::tls::Context& context, const char* name) {
      Pair pair(context);
      SSL_CTX_set_max_proto_version(pair.settings(), version);
      SSL_SESSION* const offered = SSL_SESSION_dup(session);  // a client uses a ticket only once
      SSL_set_session(pair.make_client(name), offered);
      SSL_SESSION_free(offered);
      SSL_CTX_set_app_data(pair.settings(), &fresh_tickets);
      SSL_CTX_set_session_cache_mode(pair.settings(), SSL_SESS_CACHE_CLIENT);
      SSL_CTX_sess_set_new_cb(pair.settings(), [](SSL* client, SSL_SESSION*) {
        ++*static_cast<int*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(client)));
        return 0;
      });
      REQUIRE(pair.shake_hands(name));
      fresh_tickets = 0;
      SSL_SESSION_free(session_of(pair));
      return SSL_session_reused(pair.client) == 1;
    };
    CHECK(resumes(*next, "a.wild.test"));
    if (version == TLS1_3_VERSION) CHECK(fresh_tickets == 1);
    CHECK_FALSE(resumes(*next, "first.test"));
    CHECK_FALSE(resumes(*without_keys, "a.wild.test"));
    segment.ticket_keys().rotate(some_key(++number));
    CHECK(resumes(*next, "a.wild.test"));
    segment.ticket_keys().rotate(some_key(++number));
    CHECK_FALSE(resumes(*next, "a.wild.test"));
    SSL_SESSION_free(session);
  }
}

TEST_CASE("tls context: the hosts that the served certificate covers") {
  const Folder folder;
  const std::string file =
      folder.write("a.pem", simple_pem("a.test", "DNS:a.test,DNS:*.a.test,IP:127.0.0.1,IP:::1"));
  conf::Diagnostics diagnostics;
  const auto context = make_context(settings_of({file}), diagnostics);
  Pair pair(*context);
  REQUIRE(pair.shake_hands("a.test"));
  const auto covers = [&](std::string_view host) {
    return worker::tls::Context::covers(pair.server.tls()->ssl(), host);
  };
  CHECK(covers("a.test"));
  CHECK(covers("A.test."));
  CHECK(covers("b.a.test"));
  CHECK(covers("127.0.0.1"));
  CHECK(covers("[::1]"));
  CHECK_FALSE(covers("c.b.a.test"));
  CHECK_FALSE(covers("b.test"));
  CHECK_FALSE(covers("127.0.0.2"));
  CHECK_FALSE(covers(""));
}

TEST_CASE("tls context: a certificate or a chain that OpenSSL finds too weak is an error") {
  const Folder folder;
  const worker::tls::KeyPointer key = make_ec_key();
  const worker::tls::KeyPointer weak_key = make_rsa_key(1024);
  const auto root = make_certificate(key.get(), {.cn = "Root", .is_authority = true});
  const auto weak = make_certificate(
      weak_key.get(),
      {.cn = "Weak", .issuer = root.get(), .issuer_key = key.get(), .is_authority = true});
  const auto leaf = make_certificate(
      key.get(), {.cn = "a.test", .issuer = weak.get(), .issuer_key = weak_key.get()});
  const auto old = make_certificate(
      key.get(),
      {.cn = "b.test", .issuer = root.get(), .issuer_key = key.get(), .digest = EVP_sha1()});
  const auto refused = [&](const std::string& name, const std::string& certificates) {
    conf::Diagnostics diagnostics;
    const std::string path = folder.write(name, certificates + pem(key.get()));
    CHECK_FALSE(make_context(settings_of({path}), diagnostics));
    REQUIRE(diagnostics.all().size() == 1);
    return diagnostics.all()[0].message.substr(0, diagnostics.all()[0].message.rfind(':')) ==
           "the certificate `" + path + "` cannot be used";
  };
  CHECK(refused("chain.pem", pem(leaf.get()) + pem(weak.get())));
#if !OPENSSL_VERSION_PREREQ(3, 5)  // which leaves the signature of a leaf to clients
  CHECK(refused("leaf.pem", pem(old.get())));
#endif
}

TEST_CASE("tls context: the chain is sent without its root") {
  const Folder folder;
  const worker::tls::KeyPointer key = make_ec_key();
  const auto root = make_certificate(key.get(), {.cn = "Root", .is_authority = true});
  const auto middle = make_certificate(
      key.get(),
      {.cn = "Middle", .issuer = root.get(), .issuer_key = key.get(), .is_authority = true});
  const auto leaf = make_certificate(
      key.get(), {.cn = "a.test", .issuer = middle.get(), .issuer_key = key.get()});
  conf::Diagnostics diagnostics;
  const auto context =
      make_context(settings_of({folder.write("a.pem", pem(leaf.get()) + pem(middle.get()) +
                                                          pem(root.get()) + pem(key.get()))}),
                   diagnostics);
  REQUIRE(context);
  Pair pair(*context);
  REQUIRE(pair.shake_hands());
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(pair.client);
  REQUIRE(sk_X509_num(sent) == 2);
  CHECK(X509_cmp(sk_X509_value(sent, 0), leaf.get()) == 0);
  CHECK(X509_cmp(sk_X509_value(sent, 1), middle.get()) == 0);
}

TEST_CASE("tls context: without tickets no session is resumed; a ticket lasts for two hours") {
  const Sites sites;
  conf::Diagnostics diagnostics;
  shm::Segment segment(1);
  segment.ticket_keys().rotate(some_key(1));
  const auto context = make_context(settings_of({sites.first}), diagnostics);
  REQUIRE(context);
  context->use_tickets(segment.ticket_keys());
  for (const bool has_tickets : {false, true}) {
    CAPTURE(has_tickets);
    const auto connect = [&](SSL_SESSION* offered) {
      auto pair = std::make_unique<Pair>(*context);
      SSL_CTX_set_max_proto_version(pair->settings(), TLS1_2_VERSION);
      if (!has_tickets) SSL_CTX_set_options(pair->settings(), SSL_OP_NO_TICKET);
      if (offered != nullptr) SSL_set_session(pair->make_client(), offered);
      REQUIRE(pair->shake_hands());
      return pair;
    };
    const auto first = connect(nullptr);
    SSL_SESSION* const session = session_of(*first);
    CHECK(SSL_SESSION_get_ticket_lifetime_hint(session) == (has_tickets ? 7200 : 0));
    CHECK(SSL_session_reused(connect(session)->client) == (has_tickets ? 1 : 0));
    SSL_SESSION_free(session);
  }
}

TEST_CASE("tls context: the listener's order of ciphers counts; finite-field ones work, too") {
  const Folder folder;
  const worker::tls::KeyPointer rsa = make_rsa_key(2048);
  conf::Tls tls = settings_of({folder.write(
      "rsa.pem", pem(make_certificate(rsa.get(), {.cn = "a.test"}).get()) + pem(rsa.get()))});
  const auto agreed = [&](const std::vector<std::string>& ours, int version, const char* theirs) {
    conf::Diagnostics diagnostics;
    tls.ciphers.clear();
    for (const std::string& name : ours) tls.ciphers.push_back({name, {}});
    const auto context = make_context(tls, diagnostics);
    REQUIRE_MESSAGE(context, diagnostics.text());
    Pair pair(*context);
    SSL_CTX_set_max_proto_version(pair.settings(), version);
    SSL_CTX_set_cipher_list(pair.settings(), theirs);
    return std::string(pair.shake_hands() ? SSL_get_cipher_name(pair.client) : "none");
  };
  const std::string strong = "ECDHE-RSA-AES256-GCM-SHA384";
  const std::string fast = "ECDHE-RSA-AES128-GCM-SHA256";
  const std::string both = fast + ":" + strong;
  CHECK(agreed({strong, fast}, TLS1_2_VERSION, both.c_str()) == strong);
  CHECK(agreed({fast, strong}, TLS1_2_VERSION, both.c_str()) == fast);
  CHECK(agreed({"DHE-RSA-AES128-GCM-SHA256"}, TLS1_2_VERSION, "DEFAULT") ==
        "DHE-RSA-AES128-GCM-SHA256");
  // Names of TLS 1.3 alone exclude TLS 1.2.
  CHECK(agreed({"TLS_AES_256_GCM_SHA384"}, TLS1_2_VERSION, "DEFAULT") == "none");
  CHECK(agreed({"TLS_AES_256_GCM_SHA384"}, TLS1_3_VERSION, "DEFAULT") == "TLS_AES_256_GCM_SHA384");
}

TEST_CASE("tls context: a first certificate without a usable name is the default") {
  const Sites sites;
  const std::string nameless = sites.folder.write("0.pem", simple_pem("Example Ltd."));
  conf::Diagnostics diagnostics;
  const auto context = make_context(settings_of({nameless, sites.first}), diagnostics);
  REQUIRE(context);
  for (const char* name : {"first.test", "none.test"}) {
    Pair pair(*context);
    REQUIRE(pair.shake_hands(name));
    CHECK(pair.served() == (name == std::string("first.test") ? name : "Example Ltd."));
  }
}

TEST_CASE("tls context: the errors of another listener do not end a load; its steps free it") {
  const Sites sites;
  conf::Diagnostics diagnostics;
  diagnostics.error({}, "another listener's");
  auto context = make_context(settings_of({sites.first, sites.wild, sites.exact}), diagnostics);
  REQUIRE(context);
  CHECK(diagnostics.all().size() == 1);
  CHECK(context->free_step());
  CHECK(context->free_step());
  CHECK_FALSE(context->free_step());
}
