// The codes of Allow: those that may be relaxed, and the messages about all others.
#include "worker/allow.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "conf/load.h"
#include "t/unit/worker/prepared.h"
#include "worker/http/sanitizer.h"

using namespace worker;

namespace {

constexpr const char* kRelaxableCodes =
    "`method_unknown`, `target_char`, `percent_encoding`, `host_missing`, `host_empty`, "
    "`connection_invalid`, `expect_unknown`";
constexpr const char* kRelaxableInResponses =
    "`chunk_space`, `response_bare_lf`, `response_status`, `response_cl_many`";

// The message about one code; empty when the code is accepted.
std::string said_about(const std::string& code, Message message = Message::request) {
  conf::Diagnostics diagnostics;
  const http::RuleSet allowed = allowed_rules({{code, {}}}, message, diagnostics);
  CHECK(allowed.contains(http::find_reason(code)) == diagnostics.all().empty());
  return diagnostics.all().empty() ? "" : diagnostics.all()[0].message;
}

}  // namespace

TEST_CASE("allow: every relaxable code is taken, no other is, and each refusal says why") {
  for (std::size_t i = 1; i < http::kReasons; ++i) {
    const auto reason = static_cast<http::Reason>(i);
    const http::ReasonInfo& about = http::info(reason);
    for (const Message message : {Message::request, Message::response}) {
      const bool in_requests = message == Message::request;
      const std::string said = said_about(std::string(about.code), message);
      CAPTURE(about.code);
      CHECK(said.empty() ==
            (about.relax == (in_requests ? http::Relax::yes : http::Relax::by_backend)));
      if (said.empty()) continue;
      CHECK(said.starts_with("`" + std::string(about.code) + "` cannot be relaxed: it "));
      CHECK(said.find(std::string(about.section)) != std::string::npos);
      CHECK(said.ends_with(std::string("; the rules that can are ") +
                           (in_requests ? kRelaxableCodes : kRelaxableInResponses)));
    }
  }
}

TEST_CASE("allow: the reasons in words") {
  CHECK(said_about("cl_te") ==
        std::string("`cl_te` cannot be relaxed: it marks where lines and messages end; without "
                    "it, requests could be smuggled (RFC 9112 6.1); the rules that can are ") +
            kRelaxableCodes);
  CHECK(said_about("host_many").find("protects the choice of the host") != std::string::npos);
  CHECK(said_about("method_refused").find("nothing passes unread") != std::string::npos);
  CHECK(said_about("head_too_long").find("it is a limit") != std::string::npos);
  CHECK(said_about("response_field").find("it is about responses") != std::string::npos);
  CHECK(said_about("chunk_space").find("requests could be smuggled") != std::string::npos);
  CHECK(said_about("chunk_size", Message::response).find("responses could be split") !=
        std::string::npos);
  CHECK(said_about("body_too_long", Message::response).find("it is about requests") !=
        std::string::npos);
}

TEST_CASE("allow: words that are not codes") {
  CHECK(said_about("target_chars") ==
        "there is no rule `target_chars`; did you mean `target_char`?");
  CHECK(said_about("Target_Char") == "there is no rule `Target_Char`; did you mean `target_char`?");
  CHECK(said_about("none") ==
        std::string("there is no rule `none`; the rules that can be relaxed are ") +
            kRelaxableCodes);
}

TEST_CASE("allow: Methods adds to the registered methods, each once, and never a tunnel") {
  conf::Diagnostics diagnostics;
  const std::string registered(http::kAllowedMethods);
  CHECK(allowed_methods({}, diagnostics) == registered);
  CHECK(allowed_methods({{"PURGE", {}}, {"GET", {}}, {"get", {}}}, diagnostics) ==
        registered + ", PURGE, get");
  CHECK(diagnostics.all().empty());
  for (const char* name : {"CONNECT", "trace", "TRACK", "PRI", "Head"}) {
    conf::Diagnostics refused;
    allowed_methods({{name, {}}}, refused);
    REQUIRE(refused.all().size() == 1);
    CHECK(refused.all()[0].message ==
          "`" + std::string(name) +
              "` cannot be added: Pound never forwards CONNECT, TRACE, TRACK or PRI, nor HEAD in "
              "another letter case");
  }
}

TEST_CASE("allow: a listener's rules hold for its services, a service's for it alone") {
  conf::Diagnostics diagnostics;
  auto config = conf::load_text("pound.yaml",
                                "Backends:\n- &b\n  Address: 127.0.0.1\n  Port: 80\n"
                                "HTTPListeners:\n- Address: 127.0.0.1\n  Port: 8080\n"
                                "  Allow: target_char\n  Services:\n"
                                "  - URL: /a\n    Allow: [percent_encoding, host_empty]\n"
                                "    Backends: *b\n  - Backends: *b\n",
                                diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  const auto heritage = prepared(std::move(*config), diagnostics);
  REQUIRE_MESSAGE(heritage, diagnostics.text());
  const worker::route::ListenerHeritage& listener = heritage->listeners.at(0);
  REQUIRE(listener.service_allowed.size() == 2);
  const auto allows = [](http::RuleSet rules) {
    std::string codes;
    for (const http::Reason reason : http::kRelaxable) {
      if (rules.contains(reason)) codes += std::string(http::info(reason).code) + " ";
    }
    return codes;
  };
  CHECK(allows(listener.allowed) == "target_char ");
  CHECK(allows(listener.service_allowed[0]) == "target_char percent_encoding host_empty ");
  CHECK(allows(listener.service_allowed[1]) == "target_char ");
}

TEST_CASE("allow: mistakes are reported at their positions") {
  conf::Diagnostics diagnostics;
  auto config =
      conf::load_text("pound.yaml",
                      "Backends:\n- &b\n  Address: 127.0.0.1\n  Port: 80\n"
                      "HTTPListeners:\n- Address: 127.0.0.1\n  Port: 8080\n"
                      "  Allow: chunk_size\n  Services:\n"
                      "  - Backends: *b\n    Allow: [target_char, host_emty, target_char]\n",
                      diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  CHECK(!prepared(std::move(*config), diagnostics));
  const std::string text = diagnostics.text();
  CAPTURE(text);
  CHECK(text.find("pound.yaml:8:10: error: `chunk_size` cannot be relaxed") != std::string::npos);
  CHECK(text.find("pound.yaml:11:26: error: there is no rule `host_emty`; did you mean "
                  "`host_empty`?") != std::string::npos);
  CHECK(text.find("pound.yaml:11:37: error: `target_char` is given twice") != std::string::npos);
}

TEST_CASE("allow: Retry names methods that requests of the listener can have") {
  conf::Diagnostics diagnostics;
  auto config = conf::load_text("pound.yaml",
                                "Backends:\n- &b\n  Address: 127.0.0.1\n  Port: 80\n"
                                "HTTPListeners:\n- Address: 127.0.0.1\n  Port: 8080\n"
                                "  Methods: PURGE\n  Services:\n"
                                "  - Backends: *b\n    Retry: {Methods: [GET, PURGE, get, BAN]}\n",
                                diagnostics);
  REQUIRE_MESSAGE(config, diagnostics.text());
  CHECK(!prepared(std::move(*config), diagnostics));
  const std::string text = diagnostics.text();
  CAPTURE(text);
  CHECK(text.find("GET") == text.find("GET, PURGE"));
  CHECK(text.find("pound.yaml:11:35: error: `get` is neither a method that Pound forwards nor one "
                  "of the listener's `Methods`") != std::string::npos);
  CHECK(text.find("pound.yaml:11:40: error: `BAN` is neither") != std::string::npos);
}
