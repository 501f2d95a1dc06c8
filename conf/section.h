// A mapping of the file, checked against its schema.
//
// Finds and reports unknown, duplicate, mistyped and missing keys. The members that remain are
// valid and need no further check. An unknown key that probably meant a known one is also read as
// that one, unless that is given, too: so mistakes below it are reported in the same run. Borrows
// the nodes of the tree.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/schema.h"
#include "conf/yaml_tree.h"

namespace conf {

class Section {
 public:
  // A key with a value that fits its row.
  struct Member {
    const Key* key;
    std::int64_t family_number;  // 404 of Err404
    const Node* value;           // aliases followed
    std::int64_t number = 0;     // of a number, seconds or bytes; the value of a choice
    std::vector<const Node*>
        items;  // of a list: the texts, mappings or aliases in it; of a text: itself
    const Node* written = nullptr;  // the value as it stands at the key: perhaps an alias
  };

  // `mappings` count as one. A missing key is reported at `where`. At the top level, each
  // file may give a key, and the lists of all files are one.
  Section(const Schema& schema, std::span<const Node* const> mappings, Position where,
          Diagnostics& diagnostics);
  Section(const Schema& schema, const Node& mapping, Diagnostics& diagnostics);

  // Null when the key is absent, has the value null, or was reported.
  const Member* find(std::string_view key) const;
  std::int64_t number(std::string_view key, std::int64_t fallback) const;
  // What the word at `key` means. The table of the key was made from values of `Meaning`.
  template <class Meaning>
  Meaning choice(std::string_view key, Meaning fallback) const {
    return static_cast<Meaning>(number(key, static_cast<std::int64_t>(fallback)));
  }
  // Whether the key was reported, so that its absence needs no further message.
  bool reported(std::string_view key) const;
  // Reports that a key which this mapping needs is absent, unless it was reported already.
  void report_missing(std::string_view key) const;
  // Empty when there are none.
  std::span<const Node* const> items(std::string_view key) const;
  // In the order of the file.
  const std::vector<Member>& members() const { return members_; }

  const Position& where() const { return where_; }

 private:
  void take_all(std::span<const Node* const> mappings);
  void take_mapping(const Node& mapping);
  void take_unknown(const Node& name, const Node& written);
  void take(const Node& name, const Node& written);
  void refuse_again(const Node& name, const Node& first);
  void keep(Member member);
  void add(const Match& match, const Node& written, std::string_view name);
  bool check(Member& member, const Node& written, std::string_view name);
  bool check_scalar(Member& member, std::string_view name);
  bool check_text(const Key& key, const Node& value, std::string_view name);
  bool check_number(Member& member, std::string_view name);
  bool check_choice(Member& member, std::string_view name);
  bool check_list(Member& member, const Node& written, std::string_view name);
  bool check_item(const Key& key, const Node& item, std::string_view name);
  void mistyped(const Key& key, const Node& value, std::string_view name,
                std::string_view advice = "");
  void report_all_missing() const;

  const Schema& schema_;
  Diagnostics& diagnostics_;
  Position where_;
  std::vector<Member> members_;
  // A key, its number in a family and, at the top level, the file that it is in.
  using Given = std::tuple<const Key*, std::int64_t, const SourceFile*>;
  Given given(const Match& match, const Node& name) const;

  std::set<const Key*> given_;          // those that the mappings have under their own names
  std::map<Given, const Node*> first_;  // where each key is first given
  std::set<const Key*> reported_;  // keys with a fault, and keys that an unknown one probably meant
};

}  // namespace conf
