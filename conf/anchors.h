// The anchors of a configuration, and the aliases that find none.
//
// For the builder of the tree: all files of a configuration share them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/yaml_tree.h"

namespace conf {

class Anchors {
 public:
  explicit Anchors(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // Keeps a node with an anchor; reports a second one of this name.
  void add(Node& node);
  // Null when no anchor of this name was added yet.
  Node* find(std::string_view name) const;
  void add_unknown(const Node& alias) { unknown_.push_back(&alias); }
  // At the end, when all anchors are known.
  void report_unknown() const;

 private:
  Diagnostics& diagnostics_;
  std::map<std::string, Node*, std::less<>> nodes_;
  std::vector<const Node*> unknown_;
};

}  // namespace conf
