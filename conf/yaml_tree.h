// A YAML text as a tree of nodes that know their positions, together with the files that it
// includes.
//
// Owns its nodes, which keep their addresses as long as the tree lives. An alias stays an alias
// with a pointer to its target, so that identity is kept and nothing is expanded. Does not know
// what keys mean, apart from `Include` at the top level.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/surroundings.h"

namespace conf {

// The depth of mappings and lists inside each other. A valid configuration needs 6.
inline constexpr std::size_t kMaxDepth = 64;
// Values in all files together, and values in them if every alias were expanded.
inline constexpr std::size_t kMaxNodes = 1'000'000;
inline constexpr std::size_t kMaxNodesWrittenOut = 2'000'000;

struct Node {
  enum class Kind {
    null,
    scalar,
    sequence,
    mapping,
    alias,
    invalid,  // a faulty value that was already reported
  };

  Kind kind = Kind::invalid;
  Position where;                     // of its anchor, if it has one
  std::string text;                   // the text of a scalar, the name of an alias
  std::string written;                // of a scalar with variables: its text as it is in the file
  std::string anchor;                 // its name, without the &
  const Node* target = nullptr;       // of an alias
  std::vector<const Node*> children;  // items of a list; keys and values of a mapping in turn
  std::size_t written_out = 1;        // number of nodes here and below, with aliases expanded

  bool is(Kind wanted) const { return kind == wanted; }
};

// The node itself or, for an alias, its target. Never an alias.
const Node& follow(const Node& node);

// Describes a value in a message: "a mapping", "a list", "null", `text "abc"` or a bare number.
// Shows variables, not their values, which may be secrets.
std::string describe(const Node& node);

// The text of a scalar for a message.
std::string_view as_written(const Node& scalar);
// What is wrong with a scalar, where `why` shows a part of it: `why`, or that it is not shown.
std::string fault_in(const Node& scalar, std::string why);

// The key at the top level of a file that names further files. They are read at its place: their
// keys follow it in the root, and they have the anchors before it, as what comes after it has
// theirs.
inline constexpr std::string_view kIncludeKey = "Include";

class Tree {
 public:
  // Nothing when the text is not YAML or exceeds a limit; `diagnostics` then has an error. A tree
  // may come with errors, too; the nodes with these errors are `invalid`. `surroundings` has the
  // included files, and the variables in values.
  static std::optional<Tree> parse(const std::shared_ptr<const SourceFile>& file,
                                   const Surroundings& surroundings, Diagnostics& diagnostics);

  // Null when the text has only comments.
  const Node* root() const { return root_; }

 private:
  friend class TreeBuilder;
  std::deque<Node> nodes_;
  const Node* root_ = nullptr;
};

}  // namespace conf
