// What a configuration may say: one table for each mapping.
//
// A row names a key, the shape of its value and the bounds of it. section.cc checks a file against
// the tables; the loaders translate the values that passed. A new key is a new row.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace conf {

enum class Shape {
  text,     // one text
  texts,    // a text, or a list of them
  entries,  // a text or a mapping, or a list of those
  number,   // a whole number
  seconds,  // a duration in whole seconds
  milliseconds,
  bytes,     // a number of bytes with an optional unit: 64K
  choice,    // one of a few words
  policy,    // a mapping, or whole seconds as its short form
  target,    // a mapping, or a text as its short form
  toggle,    // a word, such as true or false, or a mapping
  code,      // a mapping, or a whole number as its short form
  lines,     // one text, of several lines if need be
  mapping,   // one mapping
  mappings,  // a mapping, or a list of them
  section,   // a mapping, or a list of mappings that count as one
  sections,  // a list of mappings
  backends,  // an alias, or a list of them
};

// The longest path of a file, in bytes.
inline constexpr std::int64_t kMaxPath = 4095;

// A row may stand for a family of keys rather than one: `ErrNNN` is Err400, Err401 …
inline constexpr std::string_view kFamilyMark = "NNN";

// A word of a key that takes one of a few, and what the word means: an enumerator, a number or a
// truth value. Section::choice returns the meaning, so no order of words matters anywhere.
struct Choice {
  template <class Meaning>
  constexpr Choice(std::string_view word_, Meaning meaning)
      : word(word_), value(static_cast<std::int64_t>(meaning)) {}

  std::string_view word;
  std::int64_t value;
};

struct Schema;

struct Key {
  std::string_view name;
  Shape shape;
  std::string_view noun;  // describes a value, or an item of a list: "a path"
  std::int64_t low = 0;   // bounds of a number, or of the bytes of a text
  std::int64_t high = 0;
  bool required = false;
  std::string_view other_names = {};  // separated by spaces
  std::span<const Choice> choices = {};
  std::int64_t family_low = 0;  // bounds of the number of a family
  std::int64_t family_high = 0;
  const Schema& (*inner)() = nullptr;  // of a mapping, or of the mappings in a list
  Shape values = Shape::texts;         // of a mapping with any names and no table: text or texts

  bool is_family() const { return family_high != 0; }
};

// The row of a key below which the table of `inner` applies.
constexpr Key within(const Schema& (*inner)(), Key key) {
  key.inner = inner;
  return key;
}

struct Schema {
  std::string_view name;  // "a backend"
  std::span<const Key> keys;
};

const Schema& top_schema();
const Schema& global_schema();
const Schema& control_schema();
const Schema& session_store_schema();
const Schema& backend_schema();
const Schema& backend_tls_schema();
const Schema& check_schema();
const Schema& eject_schema();
const Schema& http_listener_schema();
const Schema& https_listener_schema();
const Schema& service_schema();
const Schema& not_schema();
const Schema& session_schema();
const Schema& queue_schema();
const Schema& retry_schema();
const Schema& redirect_schema();
const Schema& respond_schema();
const Schema& maintenance_schema();
const Schema& auth_schema();
const Schema& compress_schema();
const Schema& compress_level_schema();
const Schema& client_cert_schema();
const Schema& certificate_schema();
const Schema& clients_schema();
const Schema& limit_schema();
const Schema& request_edits_schema();
const Schema& reply_edits_schema();
const Schema& rewrite_schema();
std::span<const Schema* const> all_schemas();

// The words of a key that takes one of a few, in the order of the table.
std::vector<std::string_view> choice_words(const Key& key);
// The word that means `value`; empty when there is none.
std::string_view choice_word(const Key& key, std::int64_t value);

// A key that was found: its row, and its number in a family. No row: the schema has no such key.
struct Match {
  const Key* key = nullptr;
  std::int64_t number = 0;
};
Match find_key(const Schema& schema, std::string_view name);

// The values of a key, for messages: "a whole number from 1 to 65535".
std::string expectation(const Key& key);

// A message about the unknown key `name`, with the key that was probably meant.
std::string unknown_key(const Schema& schema, std::string_view name);
// The row that an unknown name probably meant, or null.
const Key* nearest_key(const Schema& schema, std::string_view name);

}  // namespace conf
