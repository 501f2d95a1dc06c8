// Tests of conf/load_edits and of Rewrite: what edits mean. Their faults: data/config/edits_*.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

// "-Name", "-Name*", "=Name: value" or "+Name: value" for each; variables show as <>.
std::string shown(const conf::FieldEdits& edits) {
  std::string out;
  for (const auto& name : edits.remove) {
    out += "-" + name.text + (name.is_beginning ? "*\n" : "\n");
  }
  const auto add = [&out](char mark, const conf::FieldEdits::Line& line) {
    out += mark + line.name + ": ";
    for (const conf::TemplatePart& part : line.value.parts) {
      out += part.text + (part.variable == conf::Variable::none ? "" : "<>");
    }
    out += "\n";
  };
  for (const auto& line : edits.set) add('=', line);
  for (const auto& line : edits.add) add('+', line);
  return out;
}

conf::Config loaded(const std::string& service) {
  const auto made = conf_test::load(conf_test::with_service(service));
  REQUIRE_MESSAGE(made.config, made.messages);
  return *made.config;
}

}  // namespace

TEST_CASE("load_edits: Remove, Set and Add of a request and of a reply") {
  const conf::Config config = loaded(
      "    Request: {Remove: [X-A, X-B-*], Set: {x-c: ' a$host ', X-D: ''}, Add: {X-E: [1, $$2]}}\n"
      "    Reply: {Remove: Server, Add: {X-F: 7}}\n");
  const conf::Edits& edits = config.listeners[0].services[0].edits;
  CHECK(shown(edits.request) == "-X-A\n-X-B-*\n=x-c: a<>\n=X-D: \n+X-E: 1\n+X-E: $2\n");
  CHECK(shown(edits.reply) == "-Server\n+X-F: 7\n");
  CHECK(config.listeners[0].edits.empty());
  CHECK(config.backends[0].edits.empty());
}

TEST_CASE("load_edits: of a listener and of a backend") {
  const auto made = conf_test::load(
      "Backends:\n- &be {Address: 10.0.0.1, Port: 80, Reply: {Remove: X-A}}\n"
      "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n  Request: {Set: {X-B: 1}}\n"
      "  Services:\n  - Backends: *be\n");
  REQUIRE_MESSAGE(made.config, made.messages);
  CHECK(shown(made.config->backends[0].edits.reply) == "-X-A\n");
  CHECK(shown(made.config->listeners[0].edits.request) == "=X-B: 1\n");
  CHECK(made.config->listeners[0].services[0].edits.empty());
}

TEST_CASE("load_edits: Rewrite is one or a list") {
  const auto one = loaded("    Rewrite: {From: ^/a, To: /b}\n").listeners[0].services[0].rewrites;
  REQUIRE(one.size() == 1);
  CHECK(one[0].from.text() == "^/a");
  CHECK(one[0].to.parts.size() == 1);
  CHECK(loaded("    Rewrite: [{From: a, To: ''}, {From: (b), To: $1}]\n")
            .listeners[0]
            .services[0]
            .rewrites.size() == 2);
}

TEST_CASE("load_edits: a value of 4096 bytes, and one more") {
  const auto with = [](std::size_t size) {
    return conf_test::load(
               conf_test::with_service("    Reply: {Set: {X-A: " + std::string(size, 'x') + "}}\n"))
        .messages;
  };
  CHECK(with(4096).empty());
  CHECK(with(4097).find("error: `X-A` of `Set` is 4097 bytes long, expected at most 4096") !=
        std::string::npos);
}
