// A document of YAML with comments, made in memory and written once.
//
// Knows only what a pound.yaml needs: mappings, lists, texts, numbers, anchors and aliases.
// Whatever the texts, the result is valid YAML with these texts; a comment never leaves its lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace master::convert {

struct Entry;

class Yaml {
 public:
  enum class Kind : std::uint8_t { text, plain, alias, list, mapping };

  static Yaml text(std::string_view value);   // quoted where it has to be
  static Yaml plain(std::string_view value);  // a number, true or false
  static Yaml number(std::size_t value);
  static Yaml alias(std::string_view anchor);
  static Yaml list();
  static Yaml mapping();
  static Yaml texts(const std::vector<std::string>& values);  // one text, or a list of them

  Kind kind() const { return kind_; }
  const std::string& value() const { return value_; }
  bool empty() const { return entries_.empty(); }
  std::vector<Entry>& entries() { return entries_; }
  const std::vector<Entry>& entries() const { return entries_; }

  // Adds to a mapping, or to a list with an empty key. The comments that wait go before it.
  Entry& add(std::string_view key, Yaml value);
  // A comment for what is added next, or for the end: what follows the `#`. A remark is a text that
  // is cut into lines.
  void comment(std::string_view text) { waiting_.emplace_back(text); }
  void remark(std::string_view text);
  // The value of a key, or null.
  Yaml* find(std::string_view key);

  std::string anchor;
  bool is_short = false;  // written in one line

 private:
  friend class YamlWriter;
  Kind kind_ = Kind::text;
  std::string value_;
  std::vector<Entry> entries_;
  std::vector<std::string> waiting_;
};

struct Entry {
  std::string key;
  Yaml value;
  std::vector<std::string> comments;
  bool is_disabled = false;  // of a list: written as a comment
};

// The text of a document. `mapping` is its top level.
std::string write_yaml(const Yaml& mapping);

// `text` in lines of at most `width` characters, cut at spaces where that is possible.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace master::convert
