// A YAML text as a tree of nodes that know where they stand. The only file that knows libyaml.
//
// Builds the tree from libyaml's events, so that limits apply during reading. Converts libyaml's
// positions (in characters) to positions in bytes. Refuses tags, merge keys and several documents,
// which a configuration does not need.
#include "conf/yaml_tree.h"

#include <yaml.h>

#include <algorithm>
#include <new>
#include <utility>

#include "conf/scalar.h"
#include "conf/suggest.h"
#include "conf/utf8.h"
#include "conf/yaml_advice.h"
#include "conf/yaml_problem.h"

namespace conf {

namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  Parser(Parser&&) = delete;
  Parser& operator=(Parser&&) = delete;

  bool next(yaml_event_t& event) { return yaml_parser_parse(&parser_, &event) != 0; }
  const yaml_parser_t& state() const { return parser_; }

 private:
  yaml_parser_t parser_{};
};

class Event {
 public:
  Event() = default;
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  Event(Event&&) = delete;
  Event& operator=(Event&&) = delete;

  yaml_event_t& get() { return event_; }

 private:
  yaml_event_t event_{};
};

// Converts the lines and columns of libyaml, which counts characters from 0, to positions.
class PositionMap {
 public:
  explicit PositionMap(const std::shared_ptr<const SourceFile>& file) : file_(file) {
    std::string_view rest = file_->text;
    while (!rest.empty()) {
      starts_.push_back(file_->text.size() - rest.size());
      take_line(rest);
    }
    starts_.push_back(file_->text.size());
  }

  std::size_t offset(const yaml_mark_t& mark) {
    const std::size_t line = std::min(mark.line, starts_.size() - 1);
    if (line != line_ || mark.column < column_) {
      line_ = line;
      column_ = 0;
      offset_ = starts_[line];
    }
    const std::string_view text = file_->text;
    while (column_ < mark.column && offset_ < text.size()) {
      char32_t ignored = 0;
      offset_ += std::max<std::size_t>(decode_utf8(text.substr(offset_), ignored), 1);
      ++column_;
    }
    return offset_;
  }

  Position position(std::size_t offset) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end() - 1, offset);
    const auto line = static_cast<std::size_t>(after - starts_.begin());
    return {file_, line, offset - starts_[line - 1] + 1};
  }

  Position position(const yaml_mark_t& mark) {
    const std::size_t at = offset(mark);
    return {file_, line_ + 1, at - starts_[line_] + 1};
  }

  const SourceFile& file() const { return *file_; }

 private:
  std::shared_ptr<const SourceFile> file_;
  std::vector<std::size_t> starts_;  // of every line, then the end of the text
  // The last position that was found. The next one is usually a little further on.
  std::size_t line_ = 0;
  std::size_t column_ = 0;
  std::size_t offset_ = 0;
};

std::string to_string(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

bool is_supported_tag(std::string_view tag) {
  constexpr std::string_view kCore = "tag:yaml.org,2002:";
  if (tag.empty() || tag == "!") return true;
  if (!tag.starts_with(kCore)) return false;
  tag.remove_prefix(kCore.size());
  return tag == "str" || tag == "int" || tag == "map" || tag == "seq" || tag == "null";
}

}  // namespace

class TreeBuilder {
 public:
  TreeBuilder(const std::shared_ptr<const SourceFile>& file, Diagnostics& diagnostics)
      : positions_(file), diagnostics_(diagnostics) {}

  std::optional<Tree> build();

 private:
  enum class Next { go_on, stop };

  Next handle(const yaml_event_t& event);
  Next begin_document(const yaml_event_t& event);
  Next add(const yaml_event_t& event, Node node, const yaml_char_t* anchor, const yaml_char_t* tag);
  Next add_scalar(const yaml_event_t& event);
  Next add_alias(const yaml_event_t& event);
  Next open(const yaml_event_t& event, Node::Kind kind, const yaml_char_t* anchor,
            const yaml_char_t* tag);
  void close();
  void attach(Node& node, bool unquoted);
  void remember_anchor(Node& node);
  void report_syntax(const yaml_parser_t& parser);
  void report_unknown_aliases();

  PositionMap positions_;
  Diagnostics& diagnostics_;
  Tree tree_;
  std::vector<Node*> open_;  // the mappings and lists in progress, outermost first
  std::map<std::string, Node*, std::less<>> anchors_;
  std::vector<const Node*> unknown_aliases_;
  std::size_t written_out_ = 0;
  bool has_document_ = false;
};

std::optional<Tree> TreeBuilder::build() {
  Parser parser(positions_.file().text);
  bool complete = false;
  while (!complete) {
    Event event;
    if (!parser.next(event.get())) {
      report_syntax(parser.state());
      break;
    }
    complete = event.get().type == YAML_STREAM_END_EVENT;
    if (!complete && handle(event.get()) == Next::stop) break;
  }
  report_unknown_aliases();
  if (!complete) return std::nullopt;
  return std::move(tree_);
}

TreeBuilder::Next TreeBuilder::handle(const yaml_event_t& event) {
  switch (event.type) {
    case YAML_DOCUMENT_START_EVENT:
      return begin_document(event);
    case YAML_SCALAR_EVENT:
      return add_scalar(event);
    case YAML_ALIAS_EVENT:
      return add_alias(event);
    case YAML_SEQUENCE_START_EVENT: {
      const auto& data = event.data.sequence_start;
      return open(event, Node::Kind::sequence, data.anchor, data.tag);
    }
    case YAML_MAPPING_START_EVENT: {
      const auto& data = event.data.mapping_start;
      return open(event, Node::Kind::mapping, data.anchor, data.tag);
    }
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      close();
      return Next::go_on;
    default:
      return Next::go_on;
  }
}

TreeBuilder::Next TreeBuilder::begin_document(const yaml_event_t& event) {
  if (has_document_) {
    diagnostics_.error(positions_.position(event.start_mark),
                       "a second document begins here; a configuration is one document");
    return Next::stop;
  }
  has_document_ = true;
  return Next::go_on;
}

TreeBuilder::Next TreeBuilder::add_scalar(const yaml_event_t& event) {
  const auto& data = event.data.scalar;
  const bool unquoted = data.style == YAML_PLAIN_SCALAR_STYLE;
  Node node;
  node.text.assign(reinterpret_cast<const char*>(data.value), data.length);
  node.kind = unquoted && is_null(node.text) ? Node::Kind::null : Node::Kind::scalar;
  if (add(event, std::move(node), data.anchor, data.tag) == Next::stop) return Next::stop;
  attach(tree_.nodes_.back(), unquoted);
  return Next::go_on;
}

TreeBuilder::Next TreeBuilder::add_alias(const yaml_event_t& event) {
  Node node;
  node.kind = Node::Kind::alias;
  node.text = to_string(event.data.alias.anchor);
  if (add(event, std::move(node), nullptr, nullptr) == Next::stop) return Next::stop;
  Node& alias = tree_.nodes_.back();
  const auto found = anchors_.find(alias.text);
  if (found == anchors_.end()) {
    alias.kind = Node::Kind::invalid;
    unknown_aliases_.push_back(&alias);
  } else if (std::find(open_.begin(), open_.end(), found->second) != open_.end()) {
    alias.kind = Node::Kind::invalid;
    diagnostics_.error(alias.where,
                       "`*" + shown(alias.text) + "` is inside the value that it refers to");
    diagnostics_.note(found->second->where, "it begins here");
  } else {
    alias.target = found->second;
    alias.written_out = alias.target->written_out;
    written_out_ += alias.written_out;
  }
  if (written_out_ > kMaxNodesWrittenOut) {
    diagnostics_.error(alias.where, "the aliases expand to more than " +
                                        std::to_string(kMaxNodesWrittenOut) + " values");
    return Next::stop;
  }
  attach(alias, false);
  return Next::go_on;
}

TreeBuilder::Next TreeBuilder::open(const yaml_event_t& event, Node::Kind kind,
                                    const yaml_char_t* anchor, const yaml_char_t* tag) {
  Node node;
  node.kind = kind;
  if (open_.size() >= kMaxDepth) {
    diagnostics_.error(
        positions_.position(event.start_mark),
        "mappings and lists are nested more than " + std::to_string(kMaxDepth) + " deep");
    return Next::stop;
  }
  if (add(event, std::move(node), anchor, tag) == Next::stop) return Next::stop;
  open_.push_back(&tree_.nodes_.back());
  return Next::go_on;
}

void TreeBuilder::close() {
  Node& node = *open_.back();
  open_.pop_back();
  attach(node, false);
}

// Makes a node with its position and anchor. `attach` adds it to the tree when it is complete.
TreeBuilder::Next TreeBuilder::add(const yaml_event_t& event, Node node, const yaml_char_t* anchor,
                                   const yaml_char_t* tag) {
  node.where = positions_.position(event.start_mark);
  if (tree_.nodes_.size() >= kMaxNodes) {
    diagnostics_.error(node.where, "more than " + std::to_string(kMaxNodes) + " values");
    return Next::stop;
  }
  node.anchor = to_string(anchor);
  if (const std::string name = to_string(tag); !is_supported_tag(name)) {
    diagnostics_.error(node.where, "the tag `" + shown(name) + "` is not supported");
  }
  Node& added = tree_.nodes_.emplace_back(std::move(node));
  if (!added.anchor.empty()) remember_anchor(added);
  return Next::go_on;
}

void TreeBuilder::remember_anchor(Node& node) {
  const auto [entry, is_new] = anchors_.emplace(node.anchor, &node);
  if (is_new) return;
  diagnostics_.error(node.where, "the anchor `&" + shown(node.anchor) + "` is given twice");
  diagnostics_.note(entry->second->where, "it is first given here");
}

void TreeBuilder::attach(Node& node, bool unquoted) {
  if (open_.empty()) {
    tree_.root_ = &node;
    return;
  }
  Node& parent = *open_.back();
  const bool is_key = parent.is(Node::Kind::mapping) && parent.children.size() % 2 == 0;
  if (is_key && unquoted && node.text == "<<") {
    diagnostics_.error(node.where, "merge keys (`<<`) are not supported; write the keys out");
    node.kind = Node::Kind::invalid;
  } else if (is_key && !node.is(Node::Kind::scalar) && !node.is(Node::Kind::invalid)) {
    diagnostics_.error(node.where, "a key cannot be " + describe(node) + "; expected a name");
    node.kind = Node::Kind::invalid;
  }
  parent.children.push_back(&node);
  parent.written_out += node.written_out;
}

void TreeBuilder::report_syntax(const yaml_parser_t& parser) {
  if (parser.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
  const std::string_view text = positions_.file().text;
  const std::string problem = parser.problem == nullptr ? "" : parser.problem;
  const std::string context = parser.context == nullptr ? "" : parser.context;
  if (may_be_slip(problem)) {
    if (const auto advice = yaml_advice(text, positions_.offset(parser.problem_mark))) {
      diagnostics_.error(positions_.position(advice->offset), advice->message);
      return;
    }
  }
  const YamlProblem words =
      explain(problem, context, text.substr(positions_.offset(parser.problem_mark)));
  const Position where = positions_.position(parser.problem_mark);
  const Position begun = positions_.position(parser.context_mark);
  diagnostics_.error(words.at_context ? begun : where, words.message);
  if (!words.begun.empty()) diagnostics_.note(begun, words.begun);
}

void TreeBuilder::report_unknown_aliases() {
  std::vector<std::string_view> names;
  for (const auto& [name, node] : anchors_) names.push_back(name);
  for (const Node* alias : unknown_aliases_) {
    if (diagnostics_.full()) return;
    const std::string message =
        "no anchor `&" + shown(alias->text) + "` is defined before this alias";
    const auto later = anchors_.find(alias->text);
    if (later != anchors_.end()) {
      diagnostics_.error(alias->where, message);
      diagnostics_.note(later->second->where, "the anchor is here; move it before the alias");
    } else {
      diagnostics_.error(alias->where, message + did_you_mean(alias->text, names, "*"));
    }
  }
}

std::optional<Tree> Tree::parse(const std::shared_ptr<const SourceFile>& file,
                                Diagnostics& diagnostics) {
  return TreeBuilder(file, diagnostics).build();
}

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
  if (parse_whole_number(node.text)) return shown(node.text);
  return "text \"" + shown(node.text) + "\"";
}

}  // namespace conf
