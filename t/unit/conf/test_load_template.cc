// Tests of conf/load_template: variables, braces, dollar signs, and what is none of them.
#include <doctest/doctest.h>

#include <array>

#include "conf/load_template.h"

using conf::Variable;

namespace {

constexpr std::array kSome{Variable::host, Variable::path, Variable::query};
constexpr conf::KnownVariables kKnown{.names = kSome, .groups = 2};

// Its parts: text in quotes, variables by their number, groups as $1.
std::string parts(std::string_view text, const conf::KnownVariables& known = kKnown) {
  std::string error;
  const auto made = conf::parse_template(text, known, error);
  CHECK(made.has_value() == error.empty());
  if (!made) return error;
  std::string out;
  for (const conf::TemplatePart& part : made->parts) {
    out += "\"" + part.text + "\"";
    if (part.variable == Variable::host) out += "host";
    if (part.variable == Variable::path) out += "path";
    if (part.variable == Variable::query) out += "query";
    if (part.variable == Variable::client) out += "client";
    if (part.variable == Variable::capture) out += std::to_string(part.capture);
  }
  return out;
}

}  // namespace

TEST_CASE("load_template: variables, groups and text") {
  CHECK(parts("").empty());
  CHECK(parts("a b") == "\"a b\"");
  CHECK(parts("$host") == "\"\"host");
  CHECK(parts("a$host/$path?$query.") == "\"a\"host\"/\"path\"?\"query\".\"");
  CHECK(parts("${host}s$1a${2}b$10") == "\"\"host\"s\"1\"a\"2\"b\"1\"0\"");
  CHECK(parts("$$host costs $$5$$") == "\"$host costs $5$\"");
  CHECK(parts("$$$host") == "\"$\"host");
}

TEST_CASE("load_template: anything else behind a dollar sign says where it is") {
  const std::string tail =
      " of it is not a variable; known are $host, $path, $query, $1 to $9, and $$ for a dollar "
      "sign";
  CHECK(parts("$") == "`$` at byte 1" + tail);
  CHECK(parts("ab$ c") == "`$` at byte 3" + tail);
  CHECK(parts("$hosts") == "`$hosts` at byte 1" + tail);
  CHECK(parts("$Host") == "`$Host` at byte 1" + tail);
  CHECK(parts("$host_x") == "`$host_x` at byte 1" + tail);
  CHECK(parts("$0") == "`$0` at byte 1" + tail);
  CHECK(parts("${host") == "`${host` at byte 1" + tail);
  CHECK(parts("${}") == "`${}` at byte 1" + tail);
  CHECK(parts("${12}") == "`${12}` at byte 1" + tail);
  CHECK(parts("$$$client") == "`$client` at byte 3" + tail);
}

TEST_CASE("load_template: a key decides which variables it knows") {
  CHECK(parts("/$3") == "`$3` at byte 2 of it: `From` has 2 groups");
  CHECK(parts("$2", {.names = {}, .groups = 1, .groups_of = "URL"}) ==
        "`$2` at byte 1 of it: `URL` has 1 group");
  CHECK(parts("/$2", {.names = {}, .groups = 1, .groups_of = "URL", .begin = 8}) ==
        "`$2` at byte 10 of it: `URL` has 1 group");
  constexpr std::array kOne{Variable::client};
  CHECK(parts("$client", {.names = kOne}) == "\"\"client");
  CHECK(parts("$1", {.names = kOne}) ==
        "`$1` at byte 1 of it is not a variable; known are $client, and $$ for a dollar sign");
}

TEST_CASE("load_template: whether there is a variable at all") {
  CHECK(conf::has_variables("$host"));
  CHECK(conf::has_variables("$$$1"));
  CHECK(conf::has_variables("$"));
  CHECK_FALSE(conf::has_variables("$$host"));
  CHECK_FALSE(conf::has_variables(""));
}
