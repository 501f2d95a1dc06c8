// The anchors of a configuration: see anchors.h.
#include "conf/anchors.h"

#include "conf/suggest.h"

namespace conf {

void Anchors::add(Node& node) {
  const auto [entry, is_new] = nodes_.emplace(node.anchor, &node);
  if (is_new) return;
  diagnostics_.error(node.where, "the anchor `&" + shown(node.anchor) + "` is given twice");
  diagnostics_.note(entry->second->where, "it is first given here");
}

Node* Anchors::find(std::string_view name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : found->second;
}

void Anchors::report_unknown() const {
  std::vector<std::string_view> names;
  for (const auto& [name, node] : nodes_) names.push_back(name);
  for (const Node* alias : unknown_) {
    if (diagnostics_.full()) return;
    const std::string message =
        "no anchor `&" + shown(alias->text) + "` is defined before this alias";
    if (const Node* const later = find(alias->text)) {
      diagnostics_.error(alias->where, message);
      diagnostics_.note(later->where, "the anchor is here; move it before the alias");
    } else {
      diagnostics_.error(alias->where, message + did_you_mean(alias->text, names, "*"));
    }
  }
}

}  // namespace conf
