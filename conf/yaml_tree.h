// A YAML text as a tree of nodes that know where they stand.
//
// Owns its nodes; they live and stay where they are as long as the tree. An alias stays an alias:
// following it is a pointer, so that identity is kept and nothing is ever expanded. Knows nothing
// of what the keys mean.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/diagnostic.h"

namespace conf {

// Mappings and lists inside each other; the deepest thing that has a meaning is at 6.
inline constexpr std::size_t kMaxDepth = 64;
// Values in a file, and values there would be if every alias was written out.
inline constexpr std::size_t kMaxNodes = 1'000'000;
inline constexpr std::size_t kMaxNodesWrittenOut = 2'000'000;

struct Node {
  enum class Kind {
    null,
    scalar,
    sequence,
    mapping,
    alias,
    invalid,  // what was here is already reported
  };

  Kind kind = Kind::invalid;
  Position where;                     // of its anchor if it has one
  std::string text;                   // a scalar's text; an alias' name
  std::string anchor;                 // its name, without the &
  const Node* target = nullptr;       // what an alias stands for
  std::vector<const Node*> children;  // a list's items; a mapping's keys and values in turn
  std::size_t written_out = 1;        // nodes here and below, aliases followed

  bool is(Kind wanted) const { return kind == wanted; }
};

// The node itself or, for an alias, what it stands for. Never an alias.
const Node& follow(const Node& node);

// "a mapping", "a list", "null", `text "abc"` or a bare number: what stands at a place.
std::string describe(const Node& node);

class Tree {
 public:
  // Nothing when the text is no YAML or breaks a limit; `diagnostics` then has an error. Otherwise
  // it may have some too, and the nodes they concern are `invalid`.
  static std::optional<Tree> parse(const std::shared_ptr<const SourceFile>& file,
                                   Diagnostics& diagnostics);

  // Null when the text holds nothing but comments.
  const Node* root() const { return root_; }

 private:
  friend class TreeBuilder;
  std::deque<Node> nodes_;
  const Node* root_ = nullptr;
};

}  // namespace conf
