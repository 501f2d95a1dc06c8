// Tests of conf/schema: the tables, and the questions that can be put to them.
#include <doctest/doctest.h>

#include <set>

#include "conf/scalar.h"
#include "conf/schema.h"

namespace {

const conf::Key& row(const conf::Schema& schema, std::string_view name) {
  const conf::Match match = conf::find_key(schema, name);
  REQUIRE(match.key != nullptr);
  return *match.key;
}

}  // namespace

TEST_CASE("schema: every row is found by its name in any letter case, and only once") {
  for (const conf::Schema* schema :
       {&conf::top_schema(), &conf::global_schema(), &conf::backend_schema(),
        &conf::http_listener_schema(), &conf::https_listener_schema(), &conf::service_schema(),
        &conf::session_schema(), &conf::queue_schema(), &conf::redirect_schema(),
        &conf::client_cert_schema()}) {
    std::set<std::string> seen;
    for (const conf::Key& key : schema->keys) {
      CHECK(seen.insert(conf::to_lower(key.name)).second);
      CHECK_FALSE(conf::expectation(key).empty());
      if (key.is_family()) continue;
      CHECK(conf::find_key(*schema, key.name).key == &key);
      CHECK(conf::find_key(*schema, conf::to_lower(key.name)).key == &key);
    }
  }
}

TEST_CASE("schema: other names") {
  for (const char* name : {"HeadAdd", "AddHeader", "HeaderAdd", "headeradd"}) {
    CHECK(row(conf::backend_schema(), name).name == "HeadAdd");
  }
  CHECK(row(conf::backend_schema(), "Timeout").name == "TimeOut");
  CHECK(conf::find_key(conf::backend_schema(), "AddHeader HeaderAdd").key == nullptr);
  CHECK(conf::find_key(conf::backend_schema(), "").key == nullptr);
}

TEST_CASE("schema: a family of keys") {
  const conf::Schema& global = conf::global_schema();
  CHECK(conf::find_key(global, "Err400").number == 400);
  CHECK(conf::find_key(global, "err599").number == 599);
  for (const char* name : {"Err399", "Err600", "Err", "Err40", "Err0404", "ErrNNN", "Err4o4"}) {
    CHECK(conf::find_key(global, name).key == nullptr);
  }
}

TEST_CASE("schema: only HTTPS listeners have the keys of TLS") {
  CHECK(conf::find_key(conf::http_listener_schema(), "Services").key != nullptr);
  for (const char* name :
       {"Certificates", "Ciphers", "MinTLS", "ClientCert", "StrictSNI", "HSTS"}) {
    CHECK(conf::find_key(conf::http_listener_schema(), name).key == nullptr);
    CHECK(conf::find_key(conf::https_listener_schema(), name).key != nullptr);
  }
  CHECK(row(conf::https_listener_schema(), "Certificates").required);
  CHECK_FALSE(row(conf::https_listener_schema(), "Ciphers").required);
}

TEST_CASE("schema: the expected values of a key in words") {
  CHECK(conf::expectation(row(conf::backend_schema(), "Port")) == "a whole number from 1 to 65535");
  CHECK(conf::expectation(row(conf::backend_schema(), "TimeOut")) ==
        "whole seconds from 1 to 86400");
  CHECK(conf::expectation(row(conf::backend_schema(), "HeadAdd")) ==
        "a header as `Name: value`, or a list of them");
  CHECK(conf::expectation(row(conf::global_schema(), "LogFacility"))
            .starts_with("auth, authpriv, cron, "));
  CHECK(conf::expectation(row(conf::service_schema(), "Redirect")) ==
        "a URL such as `https://www.example.com`, or a mapping with `Code` and `URL`");
  CHECK(conf::expectation(row(conf::https_listener_schema(), "MinTLS")) == "1.2 or 1.3");
  CHECK(conf::expectation(row(conf::https_listener_schema(), "ClientCert")) ==
        "a mapping such as `{Mode: require, CA: /etc/pound/ca.pem}`");
  CHECK(conf::expectation(row(conf::service_schema(), "Limit")) ==
        "a mapping such as `{Rate: 10}`, or a list of them");
  CHECK(conf::expectation(row(conf::top_schema(), "Backends")) == "a list of backends");
  CHECK(conf::expectation(row(conf::service_schema(), "Session")) ==
        "a mapping such as `{Type: IP, TTL: 300}`, or whole seconds from 0 to 31536000");
}

TEST_CASE("schema: unknown keys") {
  CHECK(conf::unknown_key(conf::backend_schema(), "Prot") ==
        "unknown key `Prot` in a backend; did you mean `Port`?");
  CHECK(conf::unknown_key(conf::service_schema(), "Ciphers") ==
        "unknown key `Ciphers` in a service; it belongs in an HTTPS "
        "listener");
  CHECK(conf::unknown_key(conf::service_schema(), "Mask4") ==
        "unknown key `Mask4` in a service; it belongs in Session or Limit");
  CHECK(conf::unknown_key(conf::session_schema(), "TLT") ==
        "unknown key `TLT` in Session; did you mean `TTL`?");
  CHECK(conf::unknown_key(conf::global_schema(), "Err600") ==
        "unknown key `Err600` in Global; the number goes from 400 to 599");
  CHECK(conf::unknown_key(conf::service_schema(), "a\nb") ==
        "unknown key `a\\x0ab` in a service; known are Host, Path, Methods, Query, Header, Not, "
        "URL, HeadRequire, HeadDeny, Session, Queue, Retry, Backends, Emergency, Balance, HashKey, "
        "Redirect, Serve, Rewrite, Request, Reply, Respond, Disabled, Maintenance, ErrNNN, Limit, "
        "Allow, Clients, Auth, AccessLog and Compress");
  CHECK(conf::nearest_key(conf::backend_schema(), "Prot")->name == "Port");
  CHECK(conf::nearest_key(conf::backend_schema(), "Colour") == nullptr);
}

TEST_CASE("schema: facilities are those of syslog(3)") {
  const conf::Key& key = row(conf::global_schema(), "LogFacility");
  for (const conf::Choice& choice : key.choices) CHECK(choice.value % 8 == 0);
  CHECK(key.choices.size() == 19);
  CHECK(conf::choice_word(key, 3 << 3) == "daemon");
  CHECK(conf::choice_word(key, 23 << 3) == "local7");
}

TEST_CASE("schema: the words of a choice, and the word of a value") {
  const conf::Key& key = row(conf::redirect_schema(), "Code");
  CHECK(conf::choice_words(key) ==
        std::vector<std::string_view>{"301", "302", "303", "307", "308"});
  CHECK(conf::choice_word(key, 303) == "303");
  CHECK(conf::choice_word(key, 304) == "");
}
