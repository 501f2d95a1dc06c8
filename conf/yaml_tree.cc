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

#include "conf/anchors.h"
#include "conf/environment.h"
#include "conf/include.h"
#include "conf/load.h"
#include "conf/position_map.h"
#include "conf/scalar.h"
#include "conf/schema.h"
#include "conf/source_text.h"
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

std::string to_string(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

}  // namespace

class TreeBuilder {
 public:
  TreeBuilder(const std::shared_ptr<const SourceFile>& file, const Surroundings& surroundings,
              Diagnostics& diagnostics)
      : surroundings_(surroundings),
        diagnostics_(diagnostics),
        includes_(file, surroundings, diagnostics),
        anchors_(diagnostics) {}

  std::optional<Tree> build(const std::shared_ptr<const SourceFile>& file);

 private:
  enum class Next { go_on, stop };

  // A file in progress.
  struct Reading {
    PositionMap positions;
    std::size_t base;  // how many mappings and lists of other files are open around it
    Node* root = nullptr;
    bool has_document = false;
  };
  // How the reading of a file ended.
  enum class End { complete, faulty, beyond_limit };

  End read(const std::shared_ptr<const SourceFile>& file, Node*& root);
  End read_events();
  Next handle(const yaml_event_t& event);
  Next begin_document(const yaml_event_t& event);
  Next add(const yaml_event_t& event, Node node, const yaml_char_t* anchor, const yaml_char_t* tag);
  Next add_scalar(const yaml_event_t& event);
  void expand_variables(Node& scalar);
  Next add_alias(const yaml_event_t& event);
  Next open(const yaml_event_t& event, Node::Kind kind, const yaml_char_t* anchor,
            const yaml_char_t* tag);
  Next close();
  bool is_key_next() const;
  Next attach(Node& node, bool unquoted);
  Next include_all(const Node& value);
  Next include(const Node& item);
  Next include_file(const std::string& path, const IncludeItem& item);
  void merge(const Node* root);
  void report_syntax(const yaml_parser_t& parser);
  Position position(const yaml_mark_t& mark) {
    return reading_->positions.position(mark.line, mark.column);
  }

  const Surroundings& surroundings_;
  Diagnostics& diagnostics_;
  Includes includes_;
  Anchors anchors_;
  Tree tree_;
  Reading* reading_ = nullptr;  // the innermost file in progress
  std::vector<Node*> open_;     // the mappings and lists in progress, outermost first
  std::size_t written_out_ = 0;
  std::size_t expanded_ = 0;  // bytes of values with variables
  bool is_faulty_ = false;    // an included file is no mapping of YAML
};

std::optional<Tree> TreeBuilder::build(const std::shared_ptr<const SourceFile>& file) {
  Node* root = nullptr;
  const End end = read(file, root);
  if (!is_faulty_ && !includes_.has_gaps()) anchors_.report_unknown();
  if (is_faulty_ || end != End::complete) return std::nullopt;
  tree_.root_ = root;
  return std::move(tree_);
}

TreeBuilder::End TreeBuilder::read(const std::shared_ptr<const SourceFile>& file, Node*& root) {
  Reading reading{PositionMap(file), open_.size()};
  Reading* const outer = std::exchange(reading_, &reading);
  const End end = read_events();
  reading_ = outer;
  open_.resize(reading.base);
  root = reading.root;
  return end;
}

TreeBuilder::End TreeBuilder::read_events() {
  Parser parser(reading_->positions.file()->text);
  while (true) {
    Event event;
    if (!parser.next(event.get())) {
      report_syntax(parser.state());
      return End::faulty;
    }
    if (event.get().type == YAML_STREAM_END_EVENT) return End::complete;
    if (handle(event.get()) == Next::stop) return End::beyond_limit;
  }
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
      return close();
    default:
      return Next::go_on;
  }
}

TreeBuilder::Next TreeBuilder::begin_document(const yaml_event_t& event) {
  if (reading_->has_document) {
    diagnostics_.error(position(event.start_mark),
                       "a second document begins here; a configuration is one document");
    return Next::stop;
  }
  reading_->has_document = true;
  return Next::go_on;
}

TreeBuilder::Next TreeBuilder::add_scalar(const yaml_event_t& event) {
  const auto& data = event.data.scalar;
  const bool unquoted = data.style == YAML_PLAIN_SCALAR_STYLE;
  Node node;
  node.text.assign(reinterpret_cast<const char*>(data.value), data.length);
  node.kind = unquoted && is_null(node.text) ? Node::Kind::null : Node::Kind::scalar;
  if (add(event, std::move(node), data.anchor, data.tag) == Next::stop) return Next::stop;
  Node& added = tree_.nodes_.back();
  if (!is_key_next() && added.is(Node::Kind::scalar)) expand_variables(added);
  return attach(added, unquoted);
}

void TreeBuilder::expand_variables(Node& scalar) {
  if (!may_have_variables(scalar.text)) return;
  std::string error;
  const auto find = [this](const std::string& name) { return surroundings_.variable(name); };
  std::optional<std::string> text = expand(scalar.text, find, kMaxFileBytes - expanded_, error);
  if (!text) {
    diagnostics_.error(scalar.where, error);
    scalar.kind = Node::Kind::invalid;
    return;
  }
  expanded_ += text->size();
  if (*text == scalar.text) return;
  scalar.written = std::exchange(scalar.text, std::move(*text));
}

TreeBuilder::Next TreeBuilder::add_alias(const yaml_event_t& event) {
  Node node;
  node.kind = Node::Kind::alias;
  node.text = to_string(event.data.alias.anchor);
  if (add(event, std::move(node), nullptr, nullptr) == Next::stop) return Next::stop;
  Node& alias = tree_.nodes_.back();
  Node* const target = anchors_.find(alias.text);
  if (target == nullptr) {
    alias.kind = Node::Kind::invalid;
    anchors_.add_unknown(alias);
  } else if (std::find(open_.begin(), open_.end(), target) != open_.end()) {
    alias.kind = Node::Kind::invalid;
    diagnostics_.error(alias.where,
                       "`*" + shown(alias.text) + "` is inside the value that it refers to");
    diagnostics_.note(target->where, "it begins here");
  } else {
    alias.target = target;
    alias.written_out = target->written_out;
    written_out_ += alias.written_out;
  }
  if (written_out_ > kMaxNodesWrittenOut) {
    diagnostics_.error(alias.where, "the aliases expand to more than " +
                                        std::to_string(kMaxNodesWrittenOut) + " values");
    return Next::stop;
  }
  return attach(alias, false);
}

TreeBuilder::Next TreeBuilder::open(const yaml_event_t& event, Node::Kind kind,
                                    const yaml_char_t* anchor, const yaml_char_t* tag) {
  Node node;
  node.kind = kind;
  if (open_.size() - reading_->base >= kMaxDepth) {
    diagnostics_.error(position(event.start_mark), "mappings and lists are nested more than " +
                                                       std::to_string(kMaxDepth) + " deep");
    return Next::stop;
  }
  if (add(event, std::move(node), anchor, tag) == Next::stop) return Next::stop;
  open_.push_back(&tree_.nodes_.back());
  return Next::go_on;
}

TreeBuilder::Next TreeBuilder::close() {
  Node& node = *open_.back();
  open_.pop_back();
  return attach(node, false);
}

// Makes a node with its position and anchor. `attach` adds it to the tree when it is complete.
TreeBuilder::Next TreeBuilder::add(const yaml_event_t& event, Node node, const yaml_char_t* anchor,
                                   const yaml_char_t* tag) {
  node.where = position(event.start_mark);
  if (tree_.nodes_.size() >= kMaxNodes) {
    diagnostics_.error(node.where, "more than " + std::to_string(kMaxNodes) + " values");
    return Next::stop;
  }
  node.anchor = to_string(anchor);
  if (const std::string name = to_string(tag); !is_supported_tag(name)) {
    diagnostics_.error(node.where, "the tag `" + shown(name) + "` is not supported");
  }
  Node& added = tree_.nodes_.emplace_back(std::move(node));
  if (!added.anchor.empty()) anchors_.add(added);
  return Next::go_on;
}

bool TreeBuilder::is_key_next() const {
  if (open_.size() == reading_->base) return false;
  const Node& parent = *open_.back();
  return parent.is(Node::Kind::mapping) && parent.children.size() % 2 == 0;
}

TreeBuilder::Next TreeBuilder::attach(Node& node, bool unquoted) {
  const std::size_t depth = open_.size() - reading_->base;
  if (depth == 0) {
    reading_->root = &node;
    return Next::go_on;
  }
  Node& parent = *open_.back();
  const bool is_key = is_key_next();
  if (is_key && unquoted && node.text == "<<") {
    diagnostics_.error(node.where, "merge keys (`<<`) are not supported; write the keys out");
    node.kind = Node::Kind::invalid;
  } else if (is_key && !node.is(Node::Kind::scalar) && !node.is(Node::Kind::invalid)) {
    diagnostics_.error(node.where, "a key cannot be " + describe(node) + "; expected a name");
    node.kind = Node::Kind::invalid;
  }
  parent.children.push_back(&node);
  parent.written_out += node.written_out;
  if (depth != 1 || is_key || !parent.is(Node::Kind::mapping)) return Next::go_on;
  const Node& key = *parent.children[parent.children.size() - 2];
  const bool is_include = key.is(Node::Kind::scalar) && equal_ignoring_case(key.text, kIncludeKey);
  return is_include ? include_all(follow(node)) : Next::go_on;
}

// Passes over what is no path. The check of the keys reports it.
TreeBuilder::Next TreeBuilder::include_all(const Node& value) {
  if (!value.is(Node::Kind::sequence)) return include(value);
  for (const Node* item : value.children) {
    if (include(follow(*item)) == Next::stop) return Next::stop;
  }
  return Next::go_on;
}

TreeBuilder::Next TreeBuilder::include(const Node& item) {
  const bool is_path = item.is(Node::Kind::scalar) && !item.text.empty() &&
                       static_cast<std::int64_t>(item.text.size()) <= kMaxPath &&
                       !has_control_byte(item.text);
  if (!is_path) return Next::go_on;
  const IncludeItem named{item.text, std::string(as_written(item)), item.where};
  const std::optional<std::vector<std::string>> paths = includes_.paths(named);
  if (!paths) return Next::go_on;
  for (const std::string& path : *paths) {
    if (include_file(path, named) == Next::stop) return Next::stop;
  }
  return Next::go_on;
}

TreeBuilder::Next TreeBuilder::include_file(const std::string& path, const IncludeItem& item) {
  const std::shared_ptr<const SourceFile> file = includes_.open(path, item);
  if (file == nullptr) return Next::go_on;
  Node* root = nullptr;
  const End end = check_source(file, diagnostics_) ? read(file, root) : End::faulty;
  includes_.close();
  if (end == End::beyond_limit) return Next::stop;
  if (end == End::faulty) {
    is_faulty_ = true;
  } else {
    merge(root);
  }
  return Next::go_on;
}

// The keys of an included file become keys of the file that includes it.
void TreeBuilder::merge(const Node* root) {
  if (root == nullptr || root->is(Node::Kind::null) || root->is(Node::Kind::invalid)) return;
  if (!root->is(Node::Kind::mapping)) {
    is_faulty_ = true;
    diagnostics_.error(root->where, "the top level is " + describe(*root) +
                                        ", expected a mapping with keys such as Backends");
    return;
  }
  Node& whole = *open_.back();
  whole.children.insert(whole.children.end(), root->children.begin(), root->children.end());
  whole.written_out += root->written_out;
}

void TreeBuilder::report_syntax(const yaml_parser_t& parser) {
  if (parser.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
  PositionMap& positions = reading_->positions;
  const std::string_view text = positions.file()->text;
  const std::string problem = parser.problem == nullptr ? "" : parser.problem;
  const std::string context = parser.context == nullptr ? "" : parser.context;
  if (may_be_slip(problem)) {
    if (const auto advice = yaml_advice(
            text, positions.offset(parser.problem_mark.line, parser.problem_mark.column))) {
      diagnostics_.error(positions.position_of(advice->offset), advice->message);
      return;
    }
  }
  const YamlProblem words =
      explain(problem, context, text,
              positions.offset(parser.problem_mark.line, parser.problem_mark.column));
  const Position where = position(parser.problem_mark);
  const Position begun = position(parser.context_mark);
  diagnostics_.error(words.at_context ? begun : where, words.message);
  if (!words.begun.empty()) diagnostics_.note(begun, words.begun);
}

std::optional<Tree> Tree::parse(const std::shared_ptr<const SourceFile>& file,
                                const Surroundings& surroundings, Diagnostics& diagnostics) {
  return TreeBuilder(file, surroundings, diagnostics).build(file);
}

}  // namespace conf
