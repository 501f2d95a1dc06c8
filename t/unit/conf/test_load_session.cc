// Tests of conf/load_session: what either form means (what it refuses: data/config/session_*).
#include "conf/load_session.h"

#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

using Type = conf::SessionPolicy::Type;

conf::SessionPolicy session(const std::string& value) {
  const auto loaded = conf_test::load(conf_test::with_service("    Session: " + value + "\n"));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return loaded.config->listeners.at(0).services.at(0).session;
}

void check_by_address(const conf::SessionPolicy& made) {
  CHECK(made.type == Type::ip);
  CHECK(made.ttl.count() == 300);
  CHECK(made.id == "");
  CHECK(made.mask4 == 32);
  CHECK(made.mask6 == 128);
}

}  // namespace

TEST_CASE("load_session: a number of seconds means sessions by address") {
  check_by_address(session("300"));
  check_by_address(session("{TTL: 300}"));
  check_by_address(session("{Type: IP, TTL: 300}"));
  check_by_address(session("{Type: ~, ID: , TTL: 300, Mask4: , Mask6: null}"));
}

TEST_CASE("load_session: 0 seconds mean no sessions") {
  for (const char* value : {"", "~", "0", "{TTL: 0}", "{Type: COOKIE, ID: a, TTL: 0}"}) {
    const conf::SessionPolicy made = session(value);
    CHECK(made.type == Type::none);
    CHECK(made.ttl.count() == 0);
  }
}

TEST_CASE("load_session: every type, in any letter case") {
  CHECK(session("{Type: ip, TTL: 1}").type == Type::ip);
  CHECK(session("{Type: Basic, TTL: 1}").type == Type::basic);
  CHECK(session("{Type: url, TTL: 1, ID: a}").type == Type::url);
  CHECK(session("{Type: PARM, TTL: 1}").type == Type::parm);
  CHECK(session("{Type: cOOKIE, TTL: 1, ID: a}").type == Type::cookie);
  CHECK(session("{Type: Header, TTL: 1, ID: a}").type == Type::header);
}

TEST_CASE("load_session: a cookie of Pound has a name of its own, and lasts with the browser") {
  const conf::SessionPolicy made = session("{Type: Insert}");
  CHECK(made.type == Type::insert);
  CHECK(made.id == "PSRV");
  CHECK(made.ttl.count() == 0);
  CHECK(session("{Type: INSERT, ID: node, TTL: 300}").id == "node");
  CHECK(session("{Type: INSERT, TTL: 300}").ttl.count() == 300);
  CHECK(session("{Type: INSERT, TTL: 0}").type == Type::none);
}

TEST_CASE("load_session: the letter case of an ID is kept") {
  CHECK(session("{type: cookie, id: __Host-Sess, ttl: 1}").id == "__Host-Sess");
  CHECK(session("{Type: HEADER, ID: \"!#$%&'*+-.^_`|~\", TTL: 1}").id == "!#$%&'*+-.^_`|~");
  CHECK(session("{Type: URL, ID: 7, TTL: 1}").id == "7");
}

TEST_CASE("load_session: the bounds") {
  CHECK(session("31536000").ttl.count() == 31536000);
  const conf::SessionPolicy widest = session("{TTL: 31536000, Mask4: 0, Mask6: 0}");
  CHECK(widest.ttl.count() == 31536000);
  CHECK(widest.mask4 == 0);
  CHECK(widest.mask6 == 0);
  const conf::SessionPolicy narrowest = session("{TTL: 1, Mask4: 32, Mask6: 128}");
  CHECK(narrowest.ttl.count() == 1);
  CHECK(narrowest.mask4 == 32);
  CHECK(narrowest.mask6 == 128);
  CHECK(session("{Type: URL, TTL: 1, ID: " + std::string(256, 'a') + "}").id.size() == 256);
}

TEST_CASE("load_session: a mapping can be given by an alias") {
  const auto loaded = conf_test::load(
      "Backends: [&be {Address: '::1', Port: 1}]\n"
      "HTTPListeners:\n- Address: '::1'\n  Port: 1\n  Services:\n"
      "  - {URL: a, Session: &s {Type: PARM, TTL: 9}, Backends: *be}\n"
      "  - {Session: *s, Backends: *be}\n");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  for (const conf::Service& service : loaded.config->listeners[0].services) {
    CHECK(service.session.type == Type::parm);
    CHECK(service.session.ttl.count() == 9);
  }
}
