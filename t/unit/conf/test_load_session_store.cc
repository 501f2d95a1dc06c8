// Tests of conf/load_session_store: where several machines keep their sessions together.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

const std::string kServices =
    "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
    "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n"
    "  Services:\n  - {Backends: *be, Session: 300}\n";

conf_test::Loaded load_with(const std::string& store) {
  return conf_test::load("Global:\n  Secret: /s\n  SessionStore: " + store + "\n" + kServices);
}

conf::SessionStore store_of(const std::string& store) {
  const auto loaded = load_with(store);
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  REQUIRE(loaded.config->global.session_store);
  return *loaded.config->global.session_store;
}

// The first message. It is the only one.
std::string refusal(const std::string& store) {
  const auto loaded = load_with(store);
  CHECK_FALSE(loaded.config);
  const std::string& all = loaded.messages;
  const std::size_t first = all.find(" error: ");
  REQUIRE_MESSAGE(first != std::string::npos, all);
  CHECK_MESSAGE(all.find(" error: ", first + 1) == std::string::npos, all);
  return all.substr(first + 8, all.find('\n') - first - 8);
}

std::string n_addresses(int n) {
  std::string list;
  for (int i = 1; i <= n; ++i) list += (i > 1 ? ", 10.0.0." : "10.0.0.") + std::to_string(i);
  return "{Address: [" + list + "]}";
}

}  // namespace

TEST_CASE("load_session_store: none, the least, and all keys") {
  CHECK_FALSE(load_with("").config->global.session_store);
  const conf::SessionStore least = store_of("{Address: Store.Example}");
  REQUIRE(least.servers.size() == 1);
  CHECK(least.servers[0].address == "store.example");
  CHECK(least.servers[0].where.line == 3);
  CHECK(least.port == 6379);
  CHECK(least.user == "");
  CHECK(least.password == "");
  CHECK_FALSE(least.tls);
  CHECK(least.database == 0);
  CHECK(least.prefix == "pound");
  CHECK(least.timeout == std::chrono::milliseconds(50));
  CHECK(least.sentinel == "");
  CHECK(least.where.line == 3);
  const conf::SessionStore full = store_of(
      "{Address: [10.0.0.1, \"::1\"], Port: 26379, User: pound, Password: /p, Database: 7,\n"
      "    TLS: {Name: s.example, CA: /ca.pem}, Prefix: \"a:b\", TimeOut: 120, Sentinel: main}");
  REQUIRE(full.servers.size() == 2);
  CHECK(full.servers[0].address == "10.0.0.1");
  CHECK(full.servers[1].address == "::1");
  CHECK(full.port == 26379);
  CHECK(full.user == "pound");
  CHECK(full.password == "/p");
  CHECK(full.password_where.line == 3);
  REQUIRE(full.tls);
  CHECK(full.tls->name == "s.example");
  CHECK(full.tls->ca == "/ca.pem");
  CHECK(full.database == 7);
  CHECK(full.prefix == "a:b");
  CHECK(full.timeout == std::chrono::milliseconds(120));
  CHECK(full.sentinel == "main");
}

TEST_CASE("load_session_store: addresses") {
  CHECK(store_of(n_addresses(8)).servers.size() == 8);
  CHECK(refusal(n_addresses(9)) ==
        "a ninth item in `Address`, expected at most 8 addresses of a "
        "store");
  CHECK(refusal("{Address: []}") == "`Address` is an empty list, expected at least one address");
  CHECK(refusal("{Address: /run/redis.sock}") ==
        "`Address` is text \"/run/redis.sock\", expected an IP address or a host name; Pound "
        "reaches a store by TCP only");
  CHECK(refusal("{Address: [10.0.0.1, \"10.0.0.2:6379\"]}") ==
        "`Address` is text \"10.0.0.2:6379\", expected an IP address or a host name; the port "
        "belongs under `Port`");
  CHECK(refusal("{Address: \"a b\"}") ==
        "`Address` is text \"a b\", expected an IP address or a host name");
  CHECK(refusal("{Port: 1}") ==
        "SessionStore needs `Address`: an IP address or a host name, or a list of them");
  CHECK(refusal("store.example") ==
        "`SessionStore` is text \"store.example\", expected a mapping such as `{Address: "
        "192.0.2.8}`");
}

TEST_CASE("load_session_store: bounds") {
  CHECK(store_of("{Address: a, TimeOut: 1}").timeout == std::chrono::milliseconds(1));
  CHECK(store_of("{Address: a, TimeOut: 5000}").timeout == std::chrono::milliseconds(5000));
  const std::string expected = ", expected whole milliseconds from 1 to 5000";
  CHECK(refusal("{Address: a, TimeOut: 0}") == "`TimeOut` is 0" + expected);
  CHECK(refusal("{Address: a, TimeOut: 5001}") == "`TimeOut` is 5001" + expected);
  CHECK(refusal("{Address: a, TimeOut: 50ms}") ==
        "`TimeOut` is text \"50ms\"" + expected + ", without a unit");
  CHECK(store_of("{Address: a, Database: 65535}").database == 65535);
  CHECK(refusal("{Address: a, Database: 65536}") ==
        "`Database` is 65536, expected a whole number from 0 to 65535");
  CHECK(store_of("{Address: a, Port: 65535}").port == 65535);
  CHECK(refusal("{Address: a, Port: 0}") == "`Port` is 0, expected a whole number from 1 to 65535");
  CHECK(store_of("{Address: a, Prefix: " + std::string(64, 'x') + "}").prefix.size() == 64);
  CHECK(refusal("{Address: a, Prefix: " + std::string(65, 'x') + "}") ==
        "`Prefix` is 65 bytes long, expected at most 64");
  CHECK(refusal("{Address: a, Prefix: \"\"}") ==
        "`Prefix` is empty, expected the beginning of all keys, such as `pound`");
}

TEST_CASE("load_session_store: words that the operator can type at the store") {
  CHECK(store_of("{Address: a, Prefix: \"!~\"}").prefix == "!~");
  CHECK(refusal("{Address: a, Prefix: a b}") ==
        "`Prefix` is text \"a b\", expected the beginning of all keys, such as `pound`, of ASCII "
        "characters without blanks");
  CHECK(refusal("{Address: a, Sentinel: b\u00e9}") ==
        "`Sentinel` is text \"b\u00e9\", expected the name that sentinels have for a primary, of "
        "ASCII characters without blanks");
  CHECK(refusal("{Address: a, User: \"a\tb\", Password: /p}").starts_with("`User` is text "));
  CHECK(refusal("{Address: a, User: a}") ==
        "`User` needs `Password`: the path of the file with the user's password");
  CHECK(store_of("{Address: a, Password: /p}").user == "");
}

TEST_CASE("load_session_store: whom a certificate has to name") {
  CHECK(store_of("{Address: a, TLS: true}").tls->name == "");
  CHECK_FALSE(store_of("{Address: [a, b], TLS: false}").tls);
  CHECK(store_of("{Address: [a, b], TLS: {Verify: false}}").tls);
  CHECK(refusal("{Address: [a, b], TLS: true}") ==
        "`TLS` needs `Name`, as `Address` has several servers: the name in the certificate of "
        "each");
  CHECK(refusal("{Address: a, Sentinel: main, TLS: {CA: /ca.pem}}") ==
        "`TLS` needs `Name`, as a sentinel names the store's address: the name in the certificate "
        "of each");
  CHECK(store_of("{Address: a, Sentinel: main, TLS: {Name: b}}").tls->name == "b");
  CHECK(refusal("{Address: [a, b], TLS: {Name: \"a b\"}}").starts_with("`Name` is text \"a b\""));
}

TEST_CASE("load_session_store: it needs a secret") {
  const std::string message =
      "error: `SessionStore` needs `Secret`, from which all machines derive the keys of their "
      "sessions\n";
  const auto none = conf_test::load("Global:\n  SessionStore: {Address: a}\n" + kServices);
  CHECK_FALSE(none.config);
  CHECK(none.messages.starts_with("t:2:17: " + message));
  const auto empty =
      conf_test::load("Global: {Secret: [], SessionStore: {Address: a}}\n" + kServices);
  CHECK(empty.messages.find(message) != std::string::npos);
  // An error in it is enough.
  const auto wrong =
      conf_test::load("Global: {Secret: {a: b}, SessionStore: {Address: a}}\n" + kServices);
  CHECK(wrong.messages.find(message) == std::string::npos);
}

TEST_CASE("load_session_store: no service has a session for it") {
  const auto with = [](const std::string& session) {
    return conf_test::load("Global: {Secret: /s, SessionStore: {Address: a}}\n" +
                           conf_test::with_service(session))
        .messages;
  };
  const std::string warning =
      "warning: `SessionStore` has nothing to keep: no service has a `Session` of another type "
      "than INSERT [unused-store]\n";
  CHECK(with("").starts_with("t:1:36: " + warning));
  CHECK(with("    Session: {Type: INSERT}\n").starts_with("t:1:36: " + warning));
  CHECK(with("    Session: 0\n").starts_with("t:1:36: " + warning));
  CHECK(with("    Session: 300\n") == "");
  CHECK(with("    Session: {Type: HEADER, ID: X-A, TTL: 5}\n") == "");
  CHECK(with("    Session: {Type: IQ, TTL: 5}\n").find(warning) == std::string::npos);
}
