// Tests of worker/store/prepare: servers, password, keys and TLS of the session store.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>

#include "conf/load.h"
#include "t/unit/folder.h"
#include "t/unit/tls/harness.h"
#include "t/unit/worker/prepared.h"
#include "worker/store/prepare.h"

namespace {

const std::string kSecret = "0123456789abcdef0123456789abcdef";

struct Prepared {
  // `store`: the keys of SessionStore after Address.
  explicit Prepared(const std::string& store, const std::string& address = "127.0.0.1") {
    const std::string secret = folder.write("secret", kSecret);
    const std::string other = folder.write("other", kSecret + "x");
    ::chmod(secret.c_str(), 0600);
    ::chmod(other.c_str(), 0600);
    std::optional<conf::Config> config = conf::load_text(
        "pound.yaml",
        "Global:\n  Secret: [" + secret + ", " + other +
            "]\n  SessionStore:\n    Address: " + address + "\n" + store +
            "Backends:\n- &b {Address: 127.0.0.1, Port: 80}\nHTTPListeners:\n"
            "- {Address: 127.0.0.1, Port: 8080, Services: [{Backends: *b, Session: 300}]}\n",
        diagnostics);
    REQUIRE_MESSAGE(config, diagnostics.text());
    heritage = prepared(std::move(*config), diagnostics);
  }

  // The only message.
  std::string message() const {
    REQUIRE_MESSAGE(diagnostics.all().size() == 1, diagnostics.text());
    return diagnostics.all()[0].message;
  }

  static inline const Folder folder;
  conf::Diagnostics diagnostics;
  std::optional<worker::Heritage> heritage;
};

std::string with_password(const std::string& text, mode_t mode = 0600) {
  const std::string path = Prepared::folder.write("password", text);
  ::chmod(path.c_str(), mode);
  return "    Password: " + path + "\n";
}

}  // namespace

TEST_CASE("prepare_store: addresses, each once, and a name that does not resolve") {
  const Prepared one("", "[127.0.0.1, 127.0.0.1, \"::1\"]");
  REQUIRE_MESSAGE(one.heritage, one.diagnostics.text());
  CHECK(one.diagnostics.all().empty());
  REQUIRE(one.heritage->store.servers.size() == 2);
  CHECK(worker::net::host_port_text(one.heritage->store.servers[0]) == "127.0.0.1:6379");
  CHECK(worker::net::host_port_text(one.heritage->store.servers[1]) == "[::1]:6379");
  CHECK(one.heritage->store.password == "");
  CHECK_FALSE(one.heritage->store.tls);

  const Prepared lost("    Port: 7\n", "[no-such-host.invalid, 127.0.0.2]");
  REQUIRE(lost.heritage);
  CHECK(lost.message() ==
        "the session store `no-such-host.invalid` does not resolve: not today; it is not used "
        "until a reload finds it");
  CHECK(lost.diagnostics.all()[0].lint == conf::Lint::unresolved_name);
  REQUIRE(lost.heritage->store.servers.size() == 1);
  CHECK(worker::net::host_port_text(lost.heritage->store.servers[0]) == "127.0.0.2:7");
}

TEST_CASE("prepare_store: without a store there are no keys of it") {
  conf::Diagnostics diagnostics;
  const std::string secret = Prepared::folder.write("secret", kSecret);
  ::chmod(secret.c_str(), 0600);
  std::optional<conf::Config> config = conf::load_text(
      "pound.yaml",
      "Global: {Secret: " + secret +
          "}\nHTTPListeners:\n"
          "- {Address: 127.0.0.1, Port: 80, Services: [{Redirect: http://a.test}]}\n",
      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  const auto heritage = prepared(std::move(*config), diagnostics);
  REQUIRE(heritage);
  CHECK(heritage->store_keys.empty());
  CHECK(heritage->cookie_keys.size() == 1);
}

// By Python: HKDF (RFC 5869) with the purpose "pound sessions"; two little-endian words.
TEST_CASE("prepare_store: a key for each secret, the same on every machine") {
  const Prepared one("");
  REQUIRE(one.heritage);
  REQUIRE(one.heritage->store_keys.size() == 2);
  CHECK(one.heritage->store_keys[0] ==
        worker::route::HashSecret{0x633c6a4d39fbe26a, 0xf0a5a8c39764a14f});
  CHECK(one.heritage->store_keys[1] ==
        worker::route::HashSecret{0xc812e9203e676b44, 0xd109d4907a735440});
}

TEST_CASE("prepare_store: a password loses one newline, and nothing else") {
  const auto password_of = [](const std::string& text) {
    const Prepared one(with_password(text));
    REQUIRE_MESSAGE(one.heritage, one.diagnostics.text());
    CHECK(one.diagnostics.all().empty());
    return one.heritage->store.password;
  };
  CHECK(password_of("s3cret") == "s3cret");
  CHECK(password_of("s3cret\n") == "s3cret");
  CHECK(password_of(" s3cret \n\n") == " s3cret \n");
  CHECK(password_of(std::string(512, 'x')) == std::string(512, 'x'));
}

TEST_CASE("prepare_store: passwords that are refused, none of which is shown") {
  const std::string path = Prepared::folder.file("password");
  const Prepared large(with_password(std::string(513, 'x')));
  CHECK_FALSE(large.heritage);
  CHECK(large.message() == "cannot read the password of the session store `" + path +
                               "`: larger than 512 bytes; expected a readable file of at most 512 "
                               "bytes");
  for (const char* empty : {"", "\n"}) {
    const Prepared none(with_password(empty));
    CHECK_FALSE(none.heritage);
    CHECK(none.message() ==
          "the file `" + path + "` has no password of the session store; it is empty");
  }
  const Prepared open(with_password("s3cret", 0644));
  CHECK(open.heritage);
  CHECK(open.message() == "everybody on this machine may read the password of the session store `" +
                              path + "`; expected mode 0640 or less");
  CHECK(open.diagnostics.all()[0].lint == conf::Lint::readable_secret);
  const Prepared missing("    Password: /nonexistent/p\n");
  CHECK_FALSE(missing.heritage);
  CHECK(missing.message() ==
        "cannot read the password of the session store `/nonexistent/p`: No such file or "
        "directory; expected a readable file of at most 512 bytes");
}

TEST_CASE("prepare_store: TLS as a backend's") {
  const Prepared plain("    TLS: {Verify: false}\n");
  REQUIRE_MESSAGE(plain.heritage, plain.diagnostics.text());
  CHECK(plain.heritage->store.tls);
  CHECK_FALSE(plain.heritage->store.certificates);
  const Prepared wrong("    TLS: {CA: /nonexistent/ca.pem}\n");
  CHECK_FALSE(wrong.heritage);
  CHECK(wrong.message().find("/nonexistent/ca.pem") != std::string::npos);
}

TEST_CASE("prepare_store: its names come last") {
  const Prepared one("", "[a.test, 127.0.0.1]");
  const std::vector<worker::net::Name> names =
      worker::store::names_of(*one.heritage->config->global.session_store);
  REQUIRE(names.size() == 2);
  CHECK(names[0].host == "a.test");
  CHECK(names[0].port == 6379);
  CHECK_FALSE(names[0].is_listener);
}
