// Tests of route/check_edits: each refusal, with its reason.
#include "worker/route/check_edits.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "t/unit/conf/harness.h"

namespace {

// The messages about these lines of a listener, a service and a backend.
std::vector<std::string> said(const std::string& listener, const std::string& service = "",
                              const std::string& backend = "") {
  const auto made = conf_test::load(
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80" + backend +
      "}\nHTTPSListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Certificates: a.pem\n" + listener +
      "  Services:\n  - Backends: *be\n" + service);
  REQUIRE_MESSAGE(made.config, made.messages);
  conf::Diagnostics diagnostics;
  worker::route::check_edits(*made.config, diagnostics);
  std::vector<std::string> messages;
  for (const conf::Diagnostic& one : diagnostics.all()) messages.push_back(one.message);
  return messages;
}

std::vector<std::string> request(const std::string& edits) {
  return said("", "    Request: {" + edits + "}\n");
}
std::vector<std::string> reply(const std::string& edits) {
  return said("", "    Reply: {" + edits + "}\n");
}

using Messages = std::vector<std::string>;

}  // namespace

TEST_CASE("check_edits: what may be edited") {
  CHECK(request("Remove: [X-A, X-Foo-*, Cookie], Set: {Authorization: a}, Add: {X-B: c}").empty());
  CHECK(request("Set: {X-Forwarded-Prefix: /a, Remote-User: joe}").empty());
  CHECK(reply("Remove: [Server, X-*], Set: {X-Frame-Options: DENY}").empty());
  CHECK(reply("Set: {Strict-Transport-Security: max-age=1}").empty());
}

TEST_CASE("check_edits: framing, connection, host and client") {
  CHECK(request("Set: {content-length: 1}") ==
        Messages{"`content-length` cannot be edited: it says where the message ends, and only "
                 "Pound writes it"});
  CHECK(reply("Add: {Connection: close}") ==
        Messages{"`Connection` cannot be edited: it is about one connection, and only Pound "
                 "writes it"});
  CHECK(request("Set: {Host: a}") ==
        Messages{"`Host` cannot be edited: it is the host that the client has asked for, and the "
                 "backend has to serve it under that name"});
  CHECK(request("Remove: X_Forwarded_For") ==
        Messages{"`X_Forwarded_For` cannot be edited: it tells the backend about its client, and "
                 "only Pound writes it"});
  CHECK(request("Remove: X-*") ==
        Messages{"`X-*` cannot be removed: it covers `X-Forwarded-For`, which tells the backend "
                 "about its client, and only Pound writes it"});
  CHECK(request("Add: {Expect: 100-continue}") ==
        Messages{"`Expect` cannot be edited: it is a question about this one request that Pound "
                 "passes on"});
  CHECK(reply("Remove: Date") ==
        Messages{"`Date` cannot be edited: it says when the response was made, and Pound adds it "
                 "if it is missing"});
}

TEST_CASE("check_edits: fields of RequestID, ClientField and HSTS") {
  const std::string id = "`X-Id` cannot be edited: it has the id of the request, by `RequestID`";
  CHECK(said("  RequestID: X-Id\n  Request: {Set: {X-Id: 1}}\n") == Messages{id});
  CHECK(said("  RequestID: X-Id\n", "    Request: {Set: {X-Id: 1}}\n") == Messages{id});
  CHECK(said("  RequestID: X-Id\n", "", ", Request: {Set: {X-Id: 1}}") == Messages{id});
  CHECK(said("  RequestID: X-Id\n", "    Reply: {Set: {X-Id: $request_id}}\n").empty());
  CHECK(said("  RequestID: X-Id\n", "    Request: {Remove: X-I*}\n") ==
        Messages{"`X-I*` cannot be removed: it covers `X-Id`, which has the id of the request, by "
                 "`RequestID`"});
  CHECK(said("  ClientField: X-Client\n  Request: {Remove: x-client}\n") ==
        Messages{"`x-client` cannot be edited: it names the client, by `ClientField`"});
  CHECK(said("  HSTS: 5\n", "    Reply: {Remove: Strict-Transport-Security}\n") ==
        Messages{"`Strict-Transport-Security` cannot be edited: it comes from the listener's "
                 "`HSTS`"});
}

TEST_CASE("check_edits: texts of Rewrite") {
  const auto to = [](const std::string& text) {
    return said("", "    Rewrite: {From: (a), To: '" + text + "'}\n");
  };
  CHECK(to("/a%20b/$1[c]").empty());
  CHECK(to("/a?b=$1") ==
        Messages{"`To` has `?`; Rewrite changes the path only, and the query stays"});
  CHECK(to("$1#a") == Messages{"`To` has `#`; Rewrite changes the path only, and the query stays"});
  CHECK(to("/a b") ==
        Messages{"`To` has ` `, which must be written as % and two hexadecimal digits"});
  CHECK(to("/\xc3\xa4") ==
        Messages{"`To` has `\\xc3`, which must be written as % and two hexadecimal digits"});
  CHECK(to("/100%") == Messages{"`To` has a % that two hexadecimal digits do not follow"});
}
