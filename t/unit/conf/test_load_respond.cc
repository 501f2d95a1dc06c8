// Tests of conf/load_respond: both forms of the key, defaults, and what cannot stand beside it.
// What is refused is in t/unit/data/config/respond_*.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

conf_test::Loaded load_service(const std::string& service) {
  return conf_test::load(
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Auth: {Realm: a, Users: b}\n"
      "  Services:\n  - " +
      service + "\n  - Backends: *be\n");
}

conf::Respond respond(const std::string& value) {
  const auto loaded = load_service("{URL: /a, Respond: " + value + "}");
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages.empty());
  const conf::Service& service = loaded.config->listeners[0].services[0];
  CHECK_FALSE(loaded.config->listeners[0].services[1].respond);
  CHECK(service.auth);
  return service.respond.value();
}

}  // namespace

TEST_CASE("load_respond: a number is the code") {
  const conf::Respond made = respond("204");
  CHECK(made.code == 204);
  CHECK_FALSE(made.body);
  CHECK_FALSE(made.file);
  CHECK(made.type.empty());
  CHECK(made.where.line == 8);
  CHECK(made.where.column == 24);
  CHECK_FALSE(made.has_error_page());
}

TEST_CASE("load_respond: an error without content has the page of its status") {
  CHECK(respond("404").has_error_page());
  CHECK(respond("{Code: 503}").has_error_page());
  CHECK_FALSE(respond("{Code: 404, Body: ''}").has_error_page());
  CHECK_FALSE(respond("{Code: 404, File: /a}").has_error_page());
  CHECK_FALSE(respond("304").has_error_page());
}

TEST_CASE("load_respond: a text is plain, of several lines if need be") {
  const conf::Respond made = respond("{Body: \"User-agent: *\\nDisallow: /\\n\"}");
  CHECK(made.code == 200);
  CHECK(made.body == "User-agent: *\nDisallow: /\n");
  CHECK(made.type == "text/plain; charset=utf-8");
  CHECK(respond("{Body: '{}', Type: application/json}").type == "application/json");
  CHECK(respond("{Body: 42}").body == "42");
}

TEST_CASE("load_respond: the name of a file tells its type") {
  const char* const kTypes[][2] = {
      {"/a/b.html", "text/html; charset=utf-8"},
      {"robots.TXT", "text/plain; charset=utf-8"},
      {"a.json", "application/json"},
      {"a.xml", "application/xml"},
      {"a.css", "text/css; charset=utf-8"},
      {"a.min.js", "text/javascript; charset=utf-8"},
      {"a.svg", "image/svg+xml"},
      {"a.png", "image/png"},
      {"favicon.ico", "image/x-icon"},
      {"a.htm", "application/octet-stream"},
      {"/a.txt/b", "application/octet-stream"},
      {"txt", "application/octet-stream"},
  };
  for (const auto& [name, type] : kTypes) {
    const conf::Respond made = respond("{File: " + std::string(name) + "}");
    REQUIRE(made.file);
    CHECK(made.file->path == name);
    CHECK(made.type == type);
  }
  const conf::Respond told = respond("{File: a.txt, Type: text/x-log; charset=latin1}");
  CHECK(told.type == "text/x-log; charset=latin1");
  CHECK(told.file->where.column == 31);
}

TEST_CASE("load_respond: refused beside what a service with backends has") {
  const char* const kOthers[][2] = {
      {"Backends", "*be"},          {"Emergency", "*be"},
      {"Balance", "two"},           {"Session", "300"},
      {"Queue", "{Known: equal}"},  {"Redirect", "'http://a'"},
      {"Serve", "status"},          {"Retry", "{Times: 1}"},
      {"HashKey", "'header X-A'"},  {"Rewrite", "{From: a, To: /b}"},
      {"Request", "{Remove: X-A}"},
  };
  for (const auto& [key, value] : kOthers) {
    const std::string name = key;
    const auto loaded = load_service("{URL: /a, Respond: 200, " + name + ": " + value + "}");
    CHECK_FALSE(loaded.config);
    CHECK_MESSAGE(loaded.messages.find("8:24: error: a service has `Respond` or `" + name +
                                       "`, not both") != std::string::npos,
                  loaded.messages);
    CHECK(loaded.messages.find("note: this is its `" + name + "`") != std::string::npos);
  }
}
