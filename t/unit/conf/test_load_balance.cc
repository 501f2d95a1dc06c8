// Tests of conf/load_balance: what the keys mean (what it refuses: data/config/balance_*).
#include "conf/load_balance.h"

#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

using conf::Balance;
using conf::HashKey;

conf::Service service(const std::string& keys) {
  const auto loaded = conf_test::load(conf_test::with_service(keys));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return loaded.config->listeners.at(0).services.at(0);
}

Balance balance(const std::string& word) { return service("    Balance: " + word + "\n").balance; }

HashKey key(const std::string& text) {
  return service("    Balance: hash\n    HashKey: " + text + "\n").hash_key;
}

}  // namespace

TEST_CASE("load_balance: every way, in any letter case; random by default") {
  CHECK(service("").balance == Balance::random);
  CHECK(balance("~") == Balance::random);
  CHECK(balance("random") == Balance::random);
  CHECK(balance("Least") == Balance::least);
  CHECK(balance("TWO") == Balance::two);
  CHECK(balance("RoundRobin") == Balance::roundrobin);
  CHECK(balance("hash") == Balance::hash);
}

TEST_CASE("load_balance: every key of a hash; the address by default") {
  CHECK(service("    Balance: hash\n").hash_key.kind == HashKey::Kind::address);
  CHECK(key("Address").kind == HashKey::Kind::address);
  CHECK(key("path").kind == HashKey::Kind::path);
  CHECK(key("Header X-Tenant").kind == HashKey::Kind::header);
  CHECK(key("header X-Tenant").name == "X-Tenant");
  CHECK(key("cookie Sess").kind == HashKey::Kind::cookie);
  CHECK(key("cookie Sess").name == "Sess");
  CHECK(key("path").name == "");
}

TEST_CASE("load_balance: backends for an emergency, their weights, and disabled ones") {
  const auto loaded = conf_test::load(
      "Backends:\n"
      "- &a {Address: 10.0.0.1, Port: 80, Weight: 3, Threads: 5}\n"
      "- &b {Address: 10.0.0.2, Port: 80, Threads: 5, Disabled: true}\n"
      "- &c {Address: 10.0.0.3, Port: 80, Threads: 0, Disabled: false}\n"
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Services:\n"
      "  - Backends: [*a, *b]\n    Emergency: *c\n");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  const conf::Config& config = *loaded.config;
  CHECK(config.backends[0].weight() == 3);
  CHECK(config.backends[1].weight() == 5);
  CHECK(config.backends[2].weight() == 8);
  CHECK(!config.backends[0].disabled);
  CHECK(config.backends[1].disabled);
  CHECK(!config.backends[2].disabled);
  const conf::Service& made = config.listeners[0].services[0];
  CHECK(made.backends == std::vector<std::size_t>{0, 1});
  CHECK(made.emergency == std::vector<std::size_t>{2});
}
