// AccessLog and RequestID: words, formats, and what is wrong with one.
#include "conf/load_access_log.h"

#include <doctest/doctest.h>

#include <string>

#include "conf/load.h"

using conf::AccessLog;
using conf::LogField;

namespace {

constexpr char kRest[] =
    "Backends: [&b {Address: 127.0.0.1, Port: 1}]\nHTTPListeners:\n- Address: 127.0.0.1\n"
    "  Port: 2\n";

// What Global's lines make of a small file; the errors, each on a line of its own.
struct Loaded {
  explicit Loaded(const std::string& global, const std::string& listener = "",
                  const std::string& service = "") {
    conf::Diagnostics diagnostics;
    std::string text = "Global:\n  " + global + "\n" + kRest;
    if (!listener.empty()) text += "  " + listener + "\n";
    text += "  Services:\n  - Backends: [*b]\n";
    if (!service.empty()) text += "    " + service + "\n";
    config = conf::load_text("p.yaml", text, diagnostics);
    for (const std::string& one : diagnostics.headlines()) errors += one + "\n";
  }
  std::optional<conf::Config> config;
  std::string errors;
};

AccessLog format(const std::string& text) {
  const Loaded loaded("AccessLog: '" + text + "'");
  CHECK(loaded.errors.empty());
  REQUIRE(loaded.config);
  return loaded.config->global.access_log;
}

std::string problem(const std::string& text) {
  const Loaded loaded("AccessLog: '" + text + "'");
  CHECK_FALSE(loaded.config);
  const std::string place = "p.yaml:2:14: error: the format of `AccessLog` ";
  CHECK(loaded.errors.starts_with(place));
  return loaded.errors.substr(std::min(place.size(), loaded.errors.size()));
}

}  // namespace

TEST_CASE("load_access_log: words in any letter case, and off for none") {
  const auto kind = [](const std::string& word) {
    return Loaded("AccessLog: " + word).config->global.access_log.kind;
  };
  CHECK(kind("Combined") == AccessLog::Kind::combined);
  CHECK(kind("common") == AccessLog::Kind::common);
  CHECK(kind("JSON") == AccessLog::Kind::json);
  CHECK(kind("none") == AccessLog::Kind::none);
  CHECK(kind("off") == AccessLog::Kind::none);
}

TEST_CASE("load_access_log: a format is texts and fields") {
  const AccessLog made = format(R"({client} "{target}" [{{x}}] "{user} "{total_ms}.)");
  CHECK(made.kind == AccessLog::Kind::format);
  REQUIRE(made.parts.size() == 5);
  CHECK(made.parts[0].text.empty());
  CHECK(made.parts[0].field == LogField::client);
  CHECK_FALSE(made.parts[0].is_quoted);
  CHECK(made.parts[1].text == " \"");
  CHECK(made.parts[1].field == LogField::target);
  CHECK(made.parts[1].is_quoted);
  CHECK(made.parts[2].text == "\" [{x}] \"");
  CHECK(made.parts[2].field == LogField::user);
  CHECK_FALSE(made.parts[2].is_quoted);
  CHECK(made.parts[3].text == " \"");
  CHECK(made.parts[3].field == LogField::total_ms);
  CHECK_FALSE(made.parts[3].is_quoted);
  CHECK(made.parts[4].text == ".");
  CHECK_FALSE(made.parts[4].field);
}

TEST_CASE("load_access_log: every name means its field") {
  const auto names = conf::log_field_names();
  CHECK(names.size() == static_cast<std::size_t>(LogField::retries) + 1);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const AccessLog made = format("{" + std::string(names[i]) + "}");
    REQUIRE(made.parts.size() == 2);
    CHECK(made.parts[0].field == static_cast<LogField>(i));
  }
  CHECK(names[static_cast<std::size_t>(LogField::first_byte_ms)] == "first_byte_ms");
  CHECK(names[static_cast<std::size_t>(LogField::user_agent)] == "user_agent");
}

TEST_CASE("load_access_log: what is wrong with a format") {
  const std::string unknown = problem("{client} {agent}");
  CHECK(unknown.starts_with("has the unknown field `{agent}`"));
  CHECK(unknown.find("; known are time, request_id, client, ") != std::string::npos);
  CHECK(unknown.ends_with("cipher, session and retries\n"));
  CHECK(problem("{cleint}").find("did you mean `client`?") != std::string::npos);
  CHECK(problem("{}").starts_with("has the unknown field `{}`"));
  CHECK(problem("{client") == "has a `{` without `}`; for the character itself write `{{`\n");
  CHECK(problem("{client} }") == "has a `}` without `{`; for the character itself write `}}`\n");
  std::string many;
  for (std::size_t i = 0; i < conf::kMostLogFields; ++i) many += "{status}";
  CHECK(format(many).parts.size() == conf::kMostLogFields + 1);
  CHECK(problem(many + "{status}") == "has 65 fields, expected at most 64\n");
  const Loaded tab("AccessLog: \"{client}\\t{status}\"");
  CHECK(tab.errors.find("has a control character") != std::string::npos);
}

TEST_CASE("load_access_log: neither a word nor a format") {
  CHECK(Loaded("AccessLog: jason").errors ==
        "p.yaml:2:14: error: `AccessLog` is text \"jason\", expected combined, common, json, none "
        "or a format such as `{client} {status} {total_ms}`; did you mean `json`?\n");
}

TEST_CASE("load_access_log: a listener and a service have their own") {
  const Loaded loaded("AccessLog: json", "AccessLog: none", "AccessLog: '{status}'");
  REQUIRE(loaded.config);
  const conf::Listener& listener = loaded.config->listeners[0];
  CHECK(loaded.config->global.access_log == AccessLog::Kind::json);
  REQUIRE(listener.access_log);
  CHECK(*listener.access_log == AccessLog::Kind::none);
  REQUIRE(listener.services[0].access_log);
  CHECK(*listener.services[0].access_log == AccessLog::Kind::format);
  const Loaded plain("AccessLog: json");
  CHECK_FALSE(plain.config->listeners[0].access_log);
  CHECK_FALSE(plain.config->listeners[0].services[0].access_log);
}

TEST_CASE("load_access_log: RequestID is a name or none") {
  const Loaded loaded("RequestID: X-Request-ID", "RequestID: None");
  REQUIRE(loaded.config);
  CHECK(loaded.config->global.request_id == "X-Request-ID");
  CHECK(loaded.config->listeners[0].request_id == "");
  CHECK_FALSE(Loaded("RequestID: A").config->listeners[0].request_id);
  CHECK(Loaded("RequestID: 'X Y'").errors ==
        "p.yaml:2:14: error: `RequestID` is text \"X Y\", expected the name of a header such as "
        "`X-Request-ID`, or none, made of letters, digits and !#$%&'*+-.^_`|~\n");
}
