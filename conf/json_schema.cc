// The tables as a JSON Schema: see json_schema.h.
//
// Each table becomes a definition, and each row a property. A keyword such as `minLength` or
// `pattern` looks at texts only, and one such as `minimum` at numbers only, so one mapping of
// keywords describes values of several types.
#include "conf/json_schema.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "conf/json_text.h"
#include "conf/scalar.h"
#include "conf/schema.h"

namespace conf {

namespace {

using json::Members;

// `${NAME}` or `${NAME:-default}`, and no `$` before it.
constexpr std::string_view kVariable = R"((^|[^$])\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\})";
constexpr std::string_view kControl = "#/definitions/control character";
constexpr std::string_view kControlBytes = R"([\u0000-\u0008\u000a-\u001f\u007f])";

std::string of(const Members& members) { return json::object(members); }

std::string types(const std::vector<std::string_view>& names) {
  std::vector<std::string> quoted;
  quoted.reserve(names.size());
  for (const std::string_view name : names) quoted.push_back(json::text(name));
  return quoted.size() == 1 ? quoted[0] : json::array(quoted);
}

// "backend" for the table "a backend".
std::string_view name_of(const Schema& schema) {
  std::string_view name = schema.name;
  for (const std::string_view article : {"an ", "a ", "the "}) {
    if (name.starts_with(article)) name.remove_prefix(article.size());
  }
  return name;
}

std::string reference(const Schema& schema) {
  return of({{"$ref", json::text("#/definitions/" + std::string(name_of(schema)))}});
}

std::string sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text + ".";
}

// A text may look like a number or a truth value of YAML.
Members text_value(const Key& key) {
  Members value{{"type", types({"string", "number", "boolean"})}};
  if (key.low > 0) value.emplace_back("minLength", json::number(key.low));
  if (key.high > 0) value.emplace_back("maxLength", json::number(key.high));
  if (key.shape != Shape::lines) value.emplace_back("not", of({{"$ref", json::text(kControl)}}));
  return value;
}

// A number may be in quotes; the schema does not know its bounds then.
Members number_value(const Key& key) {
  const std::string_view digits = key.shape == Shape::bytes ? "^[0-9]+[KMGTkmgt]?$" : "^[0-9]+$";
  return {{"type", types({"integer", "string"})},
          {"minimum", json::number(key.low)},
          {"maximum", json::number(key.high)},
          {"pattern", json::text(std::string(digits) + "|" + std::string(kVariable))},
          {"patternErrorMessage", json::text("expected " + expectation(key))}};
}

// A word as YAML reads it without quotes.
std::string plain(std::string_view word) {
  const bool is_number =
      std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '.'; });
  const bool is_truth = word == "true" || word == "false";
  return is_number || is_truth ? std::string(word) : json::text(word);
}

// An expression for a word in any letter case.
std::string any_case(std::string_view word) {
  std::string out;
  for (const char c : word) {
    const char lower = to_lower(c);
    if (lower >= 'a' && lower <= 'z') {
      out.append({'[', static_cast<char>(lower - 32), lower, ']'});
    } else {
      out.append(is_digit(c) ? "" : "\\").push_back(c);
    }
  }
  return out;
}

// The first alternative is what an editor offers.
std::vector<std::string> word_values(const Key& key) {
  std::vector<std::string> words;
  std::string pattern;
  for (const Choice& choice : key.choices) {
    words.push_back(plain(choice.word));
    pattern += (pattern.empty() ? "" : "|") + any_case(choice.word);
  }
  pattern = "^(" + pattern + ")$|" + std::string(kVariable);
  return {of({{"enum", json::array(words)}}),
          of({{"type", json::text("string")},
              {"pattern", json::text(pattern)},
              {"patternErrorMessage", json::text("expected " + expectation(key))}})};
}

std::string list_of(const std::string& items) {
  return of({{"type", json::text("array")}, {"items", items}});
}

// A mapping whose keys are names that the configuration chooses.
std::string named_values(const Key& key) {
  const Members text{{"type", types({"string", "number", "boolean"})}};
  std::string values = of(text);
  if (key.values == Shape::texts) {
    values = of({{"type", types({"string", "number", "boolean", "array"})}, {"items", of(text)}});
  }
  return of({{"type", json::text("object")}, {"additionalProperties", values}});
}

std::string mapping_of(const Key& key) {
  return key.inner == nullptr ? named_values(key) : reference(key.inner());
}

// What a value may be.
std::vector<std::string> alternatives(const Key& key) {
  switch (key.shape) {
    case Shape::text:
    case Shape::lines:
      return {of(text_value(key))};
    case Shape::texts:
      return {of(text_value(key)), list_of(of(text_value(key)))};
    case Shape::entries: {
      const std::vector<std::string> items{of(text_value(key)), mapping_of(key)};
      return {items[0], items[1], list_of(of({{"anyOf", json::array(items)}}))};
    }
    case Shape::number:
    case Shape::seconds:
    case Shape::milliseconds:
    case Shape::bytes:
      return {of(number_value(key))};
    case Shape::choice:
      return word_values(key);
    case Shape::policy:
    case Shape::code:
      return {mapping_of(key), of(number_value(key))};
    case Shape::target:
      return {mapping_of(key), of(text_value(key))};
    case Shape::toggle: {
      std::vector<std::string> values = word_values(key);
      values.push_back(mapping_of(key));
      return values;
    }
    case Shape::mapping:
      return {mapping_of(key)};
    case Shape::mappings:
    case Shape::section:
    case Shape::backends:
      return {mapping_of(key), list_of(mapping_of(key))};
    case Shape::sections:
      return {list_of(mapping_of(key))};
  }
  return {};
}

// A key without a value has its default.
std::string property(const Key& key, const std::string& description) {
  std::vector<std::string> values = alternatives(key);
  if (!key.required) values.push_back(of({{"type", json::text("null")}}));
  return of({{"description", json::text(description)}, {"anyOf", json::array(values)}});
}

// "^Err[4-5][0-9][0-9]$": the bounds of a family are whole hundreds.
std::string family_pattern(const Key& key) {
  const std::string stem(key.name.substr(0, key.name.size() - kFamilyMark.size()));
  return "^" + stem + "[" + std::to_string(key.family_low / 100) + "-" +
         std::to_string(key.family_high / 100) + "][0-9][0-9]$";
}

std::vector<std::string_view> other_names(const Key& key) {
  std::vector<std::string_view> names;
  for (std::string_view rest = key.other_names; !rest.empty();) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    names.push_back(rest.substr(0, space));
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return names;
}

Members definition(const Schema& schema, std::string_view title) {
  Members properties;
  Members patterns;
  std::vector<std::string> required;
  for (const Key& key : schema.keys) {
    const std::string description = sentence(expectation(key));
    if (key.is_family()) {
      patterns.emplace_back(family_pattern(key), property(key, description));
      continue;
    }
    properties.emplace_back(key.name, property(key, description));
    for (const std::string_view name : other_names(key)) {
      properties.emplace_back(
          name, property(key, "Another name of `" + std::string(key.name) + "`. " + description));
    }
    if (key.required) required.push_back(json::text(key.name));
  }
  Members made{
      {"title", json::text(title)}, {"type", json::text("object")}, {"properties", of(properties)}};
  if (!patterns.empty()) made.emplace_back("patternProperties", of(patterns));
  made.emplace_back("additionalProperties", "false");
  if (!required.empty()) made.emplace_back("required", json::array(required));
  return made;
}

// Adds the tables that the rows of `schema` lead to, each once.
void add_definitions(const Schema& schema, std::set<const Schema*>& known, Members& definitions) {
  for (const Key& key : schema.keys) {
    if (key.inner == nullptr || !known.insert(&key.inner()).second) continue;
    definitions.emplace_back(name_of(key.inner()),
                             of(definition(key.inner(), name_of(key.inner()))));
    add_definitions(key.inner(), known, definitions);
  }
}

}  // namespace

std::string json_schema() {
  Members definitions{{"control character", of({{"type", json::text("string")},
                                                {"pattern", json::text(kControlBytes)}})}};
  std::set<const Schema*> known;
  add_definitions(top_schema(), known, definitions);
  Members all = definition(top_schema(), "Configuration of Pound");
  all.insert(all.begin(), {"$schema", json::text("http://json-schema.org/draft-07/schema#")});
  all.emplace_back("definitions", of(definitions));
  return json::indented(of(all));
}

}  // namespace conf
