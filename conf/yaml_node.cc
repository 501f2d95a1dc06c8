// What can be asked of a node alone: see yaml_tree.h.
#include "conf/scalar.h"
#include "conf/yaml_tree.h"

namespace conf {

const Node& follow(const Node& node) { return node.is(Node::Kind::alias) ? *node.target : node; }

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
    case Node::Kind::alias:
      return "the alias `*" + shown(node.text) + "`";
    case Node::Kind::invalid:
      return "not valid";
    case Node::Kind::scalar:
      break;
  }
  const std::string_view text = as_written(node);
  if (parse_whole_number(text)) return shown(text);
  return "text \"" + shown(text) + "\"";
}

std::string_view as_written(const Node& scalar) {
  return scalar.written.empty() ? scalar.text : scalar.written;
}

std::string fault_in(const Node& scalar, std::string why) {
  if (scalar.written.empty()) return why;
  return "it has the value of a variable, which is not shown";
}

}  // namespace conf
