// Tests of conf/service: the table of conditions, and what makes a service the same one.
#include "conf/service.h"

#include <doctest/doctest.h>

#include <set>

#include "conf/schema.h"
#include "t/unit/conf/harness.h"

namespace {

using conf::SessionPolicy;
using Kind = conf::Condition::Kind;

conf::Service service(const std::string& keys) {
  const auto loaded = conf_test::load(conf_test::with_service(keys));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  return loaded.config->listeners.at(0).services.at(0);
}

std::string identity(const conf::Service& service) {
  return conf::service_identity("192.0.2.1:80", service);
}

}  // namespace

TEST_CASE("service: no member can be added without a decision about the identity") {
  // Does not compile with another number of members. If services that differ in the new member are
  // different services, it belongs into service_identity; then correct the names here.
  const auto& [conditions, matchers, nots, edits, rewrites, session, backends, emergency, balance,
               hash_key, redirect, serve, serve_where, respond, disabled, maintenance, error_pages,
               compress, allow, clients, queue, retry, limits, auth, access_log, where,
               backends_where, is_whole] = service("");
  CHECK(conditions.empty());
  CHECK(matchers.empty());
  CHECK(nots.empty());
  CHECK(edits.request.empty());
  CHECK(rewrites.empty());
  CHECK_FALSE(respond);
  CHECK_FALSE(disabled);
  CHECK_FALSE(maintenance);
  CHECK(error_pages.empty());
  CHECK_FALSE(compress);
  CHECK(session.id == "");
  CHECK(backends.size() == 1);
  CHECK(emergency.empty());
  CHECK(balance == conf::Balance::random);
  CHECK(hash_key.name == "");
  CHECK_FALSE(redirect);
  CHECK_FALSE(serve);
  CHECK(serve_where.line == 0);
  CHECK(allow.empty());
  CHECK(clients.allow.empty());
  CHECK(queue == conf::QueueOrder::equal);
  CHECK_FALSE(retry);
  CHECK(limits.empty());
  CHECK_FALSE(auth);
  CHECK_FALSE(access_log);
  CHECK(where.line == 7);
  CHECK(backends_where.line == 7);
  CHECK(is_whole);
}

TEST_CASE("service: each kind of condition has a row, a key of a service and a mark of its own") {
  std::set<char> marks;
  std::set<std::string_view> keys;
  for (const conf::ConditionKind& kind : conf::condition_kinds()) {
    CHECK(&conf::about(kind.kind) == &kind);
    CHECK(marks.insert(kind.mark).second);
    CHECK(keys.insert(kind.key).second);
    CHECK(conf::find_key(conf::service_schema(), kind.key).key != nullptr);
    CHECK((kind.mark < '0' || kind.mark > '9'));  // a digit begins the line of the session
  }
}

TEST_CASE("service: every kind of condition is loaded, conditional and part of the identity") {
  const std::string without = identity(service(""));
  CHECK(conf::matches_everything(service("")));
  for (const conf::ConditionKind& kind : conf::condition_kinds()) {
    CAPTURE(kind.key);
    const conf::Service made = service("    " + std::string(kind.key) + ": abc\n");
    REQUIRE(made.conditions.size() == 1);
    CHECK(made.conditions[0].kind == kind.kind);
    CHECK(made.conditions[0].pattern.text() == "abc");
    CHECK(made.conditions[0].pattern.letter_case() == kind.letter_case);
    CHECK_FALSE(conf::matches_everything(made));
    CHECK(identity(made) != without);
  }
}

TEST_CASE("service: an identity, byte by byte") {
  CHECK(identity(service("")) == "192.0.2.1:80\n0");
  CHECK(identity(service("    HeadDeny: [x, y]\n    HeadRequire: [c, b]\n    URL: a\n"
                         "    Session: {Type: COOKIE, ID: sid, TTL: 300}\n")) ==
        "192.0.2.1:80\nua\nrc\nrb\ndx\ndy\n5sid");
}

TEST_CASE("service: the mark of each type of session stays as it is") {
  conf::Service made;
  const auto ending = [&](SessionPolicy::Type type) {
    made.session.type = type;
    return identity(made).substr(identity(made).find('\n'));
  };
  CHECK(ending(SessionPolicy::Type::none) == "\n0");
  CHECK(ending(SessionPolicy::Type::ip) == "\n1");
  CHECK(ending(SessionPolicy::Type::basic) == "\n2");
  CHECK(ending(SessionPolicy::Type::url) == "\n3");
  CHECK(ending(SessionPolicy::Type::parm) == "\n4");
  CHECK(ending(SessionPolicy::Type::cookie) == "\n5");
  CHECK(ending(SessionPolicy::Type::header) == "\n6");
  CHECK(ending(SessionPolicy::Type::insert) == "\n7");
}

TEST_CASE("service: other backends, lifetimes, masks and relaxed rules leave it the same service") {
  const std::string same = identity(service("    Session: 300\n"));
  CHECK(identity(service("    Session: {TTL: 9, Mask4: 24}\n    Allow: target_char\n")) == same);
  conf::Service made = service("    Session: 300\n");
  made.backends = {7, 8};
  CHECK(identity(made) == same);
}
