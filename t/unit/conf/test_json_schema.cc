// Tests of conf/json_schema and conf/json_text. What the schema accepts:
// t/e2e/config/test_schema.py.
#include <doctest/doctest.h>

#include <set>

#include "conf/json_schema.h"
#include "conf/json_text.h"
#include "conf/schema.h"

namespace {

namespace json = conf::json;

// The tables that the rows of `schema` lead to, and it.
void collect(const conf::Schema& schema, std::set<const conf::Schema*>& found) {
  if (!found.insert(&schema).second) return;
  for (const conf::Key& key : schema.keys) {
    if (key.inner != nullptr) collect(key.inner(), found);
  }
}

bool has_mapping(conf::Shape shape) {
  using conf::Shape;
  switch (shape) {
    case Shape::text:
    case Shape::texts:
    case Shape::number:
    case Shape::seconds:
    case Shape::milliseconds:
    case Shape::bytes:
    case Shape::choice:
    case Shape::lines:
      return false;
    default:
      return true;
  }
}

}  // namespace

TEST_CASE("json_text: texts, numbers, lists and objects") {
  CHECK(json::text("a") == R"("a")");
  CHECK(json::text("\"\\\n\x7f\xc3\xa9") == "\"\\\"\\\\\\u000a\\u007f\xc3\xa9\"");
  CHECK(json::number(-5) == "-5");
  CHECK(json::array({}) == "[]");
  CHECK(json::array(std::vector<std::string>{"1", "\"a\""}) == R"([1,"a"])");
  CHECK(json::object({}) == "{}");
  CHECK(json::object({{"b", "1"}, {"a", "[]"}}) == R"({"b":1,"a":[]})");
}

TEST_CASE("json_text: indentation") {
  CHECK(json::indented("{}") == "{}\n");
  CHECK(
      json::indented(R"({"a":[1,2],"b":{},"c":[],"d":"{,:\"}"})") ==
      "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": [],\n  \"d\": \"{,:\\\"}\"\n}\n");
}

TEST_CASE("json_schema: every table is below the top, and every mapping has its table") {
  std::set<const conf::Schema*> found;
  collect(conf::top_schema(), found);
  for (const conf::Schema* schema : conf::all_schemas()) {
    CHECK_MESSAGE(found.contains(schema), schema->name);
    for (const conf::Key& key : schema->keys) {
      const bool has_names =
          key.shape == conf::Shape::mapping &&
          std::set<std::string_view>{"Query", "Header", "Set", "Add"}.contains(key.name);
      CHECK_MESSAGE((key.inner != nullptr) == (has_mapping(key.shape) && !has_names), key.name);
    }
  }
  CHECK(found.size() == conf::all_schemas().size());
}

TEST_CASE("json_schema: what a row becomes") {
  const std::string schema = conf::json_schema();
  CHECK(
      schema.starts_with("{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
                         "  \"title\": \"Configuration of Pound\",\n"));
  CHECK(schema.ends_with("}\n"));
  for (const char* part :
       {"\"minimum\": 1,", "\"maximum\": 65535,", "\"^Err[4-5][0-9][0-9]$\": {",
        "\"description\": \"Another name of `HeadAdd`. A header as `Name: value`, or a list "
        "of them.\"",
        "\"$ref\": \"#/definitions/HTTPS listener\"", "\"additionalProperties\": false",
        "\"patternErrorMessage\": \"expected a whole number from 1 to 65535\"",
        "\"^([Tt][Cc][Pp])$|"}) {
    CHECK_MESSAGE(schema.find(part) != std::string::npos, part);
  }
}
