// Questions about the tables of schema.cc: see schema.h.
//
// Looks at names only, never at a tree.
#include <algorithm>
#include <array>
#include <optional>

#include "conf/diagnostic.h"
#include "conf/old_words.h"
#include "conf/scalar.h"
#include "conf/schema.h"
#include "conf/suggest.h"
#include "conf/yaml_advice.h"

namespace conf {

namespace {

std::string_view family_stem(const Key& key) {
  return key.name.substr(0, key.name.size() - kFamilyMark.size());
}

// The number of `name` in this family, within the bounds or not.
std::optional<std::int64_t> family_number(const Key& key, std::string_view name) {
  const std::string_view stem = family_stem(key);
  if (!equal_ignoring_case(name.substr(0, stem.size()), stem)) return std::nullopt;
  return parse_whole_number(name.substr(stem.size()));
}

bool has_name(const Key& key, std::string_view name) {
  if (equal_ignoring_case(key.name, name)) return true;
  for (std::string_view rest = key.other_names; !rest.empty();) {
    const std::size_t space = rest.find(' ');
    if (equal_ignoring_case(rest.substr(0, space), name)) return true;
    rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  }
  return false;
}

std::vector<std::string_view> names(const Schema& schema) {
  std::vector<std::string_view> all;
  for (const Key& key : schema.keys) all.push_back(key.name);
  return all;
}

std::string joined(std::span<const std::string_view> words, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " " + std::string(last) + " " : ", ";
    out += words[i];
  }
  return out;
}

std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

// The mappings that have such a key. If some are items of the top level or Global, these only: an
// operator knows them best.
std::vector<std::string_view> places_of(std::string_view name) {
  const std::array kMain{&top_schema(),           &global_schema(),         &backend_schema(),
                         &http_listener_schema(), &https_listener_schema(), &service_schema()};
  std::vector<std::string_view> main;
  std::vector<std::string_view> all;
  for (const Schema* other : all_schemas()) {
    if (find_key(*other, name).key == nullptr) continue;
    all.push_back(other->name);
    if (std::ranges::find(kMain, other) != kMain.end()) main.push_back(other->name);
  }
  return main.empty() ? all : main;
}

}  // namespace

std::vector<std::string_view> choice_words(const Key& key) {
  std::vector<std::string_view> words;
  for (const Choice& choice : key.choices) words.push_back(choice.word);
  return words;
}

std::string_view choice_word(const Key& key, std::int64_t value) {
  for (const Choice& choice : key.choices) {
    if (choice.value == value) return choice.word;
  }
  return {};
}

Match find_key(const Schema& schema, std::string_view name) {
  for (const Key& key : schema.keys) {
    if (key.is_family()) {
      const std::optional<std::int64_t> number = family_number(key, name);
      const bool three_digits = name.size() == key.name.size();
      if (number && three_digits && *number >= key.family_low && *number <= key.family_high)
        return {&key, *number};
    } else if (has_name(key, name)) {
      return {&key, 0};
    }
  }
  return {};
}

const Key* nearest_key(const Schema& schema, std::string_view name) {
  if (!missing_blank_in(name).empty()) return find_key(schema, name.substr(0, name.find(':'))).key;
  if (const OldWord* const word = find_old_word(schema, name)) {
    return find_key(schema, word->key).key;
  }
  const std::string_view found = nearest(name, names(schema));
  return found.empty() ? nullptr : find_key(schema, found).key;
}

std::string expectation(const Key& key) {
  const std::string bounds = " from " + std::to_string(key.low) + " to " + std::to_string(key.high);
  std::string noun(key.noun);
  switch (key.shape) {
    case Shape::text:
    case Shape::section:
    case Shape::mapping:
    case Shape::target:
    case Shape::lines:
      return noun;
    case Shape::texts:
    case Shape::entries:
    case Shape::backends:
    case Shape::mappings:
      return noun + ", or a list of them";
    case Shape::number:
      return "a whole number" + bounds;
    case Shape::seconds:
      return "whole seconds" + bounds;
    case Shape::milliseconds:
      return "whole milliseconds" + bounds;
    case Shape::bytes:
      return "bytes from " + bytes_text(key.low) + " to " + bytes_text(key.high) +
             ", as a whole number with or without K, M, G or T";
    case Shape::policy:
      return noun + ", or whole seconds" + bounds;
    case Shape::code:
      return noun + ", or a whole number" + bounds;
    case Shape::toggle:
      return listed(choice_words(key)) + " or " + noun;
    case Shape::choice:
      return joined(choice_words(key), "or");
    case Shape::sections:
      return "a list of " + noun;
  }
  return noun;
}

std::string unknown_key(const Schema& schema, std::string_view name) {
  std::string message = "unknown key `" + shown(name) + "` in " + std::string(schema.name);
  for (const Key& key : schema.keys) {
    if (key.is_family() && family_number(key, name)) {
      return message + "; the number goes from " + std::to_string(key.family_low) + " to " +
             std::to_string(key.family_high);
    }
  }
  if (const std::string slip = missing_blank_in(name); !slip.empty()) return slip;
  if (const OldWord* const word = find_old_word(schema, name)) {
    return message + "; " + std::string(word->advice);
  }
  const std::vector<std::string_view> known = names(schema);
  if (const std::string hint = did_you_mean(name, known); !hint.empty()) return message + hint;
  const std::vector<std::string_view> places = places_of(name);
  if (!places.empty()) return message + "; it belongs in " + joined(places, "or");
  return message + "; known are " + joined(known, "and");
}

}  // namespace conf
