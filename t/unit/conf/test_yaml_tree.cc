// Tests of conf/yaml_tree: nodes, places, aliases and limits.
#include <doctest/doctest.h>

#include "conf/yaml_tree.h"
#include "t/unit/conf/harness.h"

namespace {

using conf::Node;

struct Parsed {
  explicit Parsed(const std::string& text)
      : tree(conf::Tree::parse(conf_test::source(text), {}, diagnostics)) {}

  const Node& root() const { return *tree->root(); }
  const Node& child(std::size_t index) const { return *root().children.at(index); }

  conf::Diagnostics diagnostics;
  std::optional<conf::Tree> tree;
};

std::string place(const Node& node) {
  return std::to_string(node.where.line) + ":" + std::to_string(node.where.column);
}

std::string first_line(const Parsed& parsed) {
  const std::string text = parsed.diagnostics.text();
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("yaml_tree: kinds and positions") {
  const Parsed parsed("a: b\n'c': [d, ~, \"\"]\n\xc3\xa9: {e: }\n");
  REQUIRE(parsed.tree);
  CHECK(parsed.diagnostics.text() == "");
  CHECK(parsed.root().is(Node::Kind::mapping));
  REQUIRE(parsed.root().children.size() == 6);
  CHECK(parsed.child(1).text == "b");
  CHECK(place(parsed.child(1)) == "1:4");
  const Node& list = parsed.child(3);
  CHECK(list.is(Node::Kind::sequence));
  CHECK(place(list) == "2:6");
  REQUIRE(list.children.size() == 3);
  CHECK(list.children[1]->is(Node::Kind::null));
  CHECK(list.children[2]->is(Node::Kind::scalar));
  CHECK(place(*list.children[2]) == "2:13");
  CHECK(place(parsed.child(5)) == "3:5");
  CHECK(parsed.child(5).children[1]->is(Node::Kind::null));
}

TEST_CASE("yaml_tree: quoted null is text") {
  const Parsed parsed("[null, 'null', '~', ~]");
  REQUIRE(parsed.tree);
  CHECK(parsed.child(0).is(Node::Kind::null));
  CHECK(parsed.child(1).is(Node::Kind::scalar));
  CHECK(parsed.child(2).is(Node::Kind::scalar));
  CHECK(parsed.child(3).is(Node::Kind::null));
}

TEST_CASE("yaml_tree: an alias keeps the identity of its target") {
  const Parsed parsed("[&a {b: c}, *a, *a, &d {b: c}, *d]");
  REQUIRE(parsed.tree);
  CHECK(parsed.child(0).anchor == "a");
  CHECK(parsed.child(1).is(Node::Kind::alias));
  CHECK(parsed.child(1).text == "a");
  CHECK(&conf::follow(parsed.child(1)) == &parsed.child(0));
  CHECK(&conf::follow(parsed.child(2)) == &parsed.child(0));
  CHECK(&conf::follow(parsed.child(4)) == &parsed.child(3));
  CHECK(place(parsed.child(2)) == "1:17");
}

TEST_CASE("yaml_tree: a tree survives being moved") {
  Parsed parsed("[&a b, *a]");
  const conf::Tree moved = std::move(*parsed.tree);
  CHECK(conf::follow(*moved.root()->children[1]).text == "b");
}

TEST_CASE("yaml_tree: text without a value has no root") {
  const Parsed parsed("# nothing\n");
  REQUIRE(parsed.tree);
  CHECK(parsed.tree->root() == nullptr);
}

TEST_CASE("yaml_tree: faulty values are reported and left invalid") {
  const Parsed parsed("a: *b\n<<: c\n[d]: e\n");
  REQUIRE(parsed.tree);
  CHECK(parsed.diagnostics.all().size() == 3);
  CHECK(parsed.child(1).is(Node::Kind::invalid));
  CHECK(parsed.child(2).is(Node::Kind::invalid));
  CHECK(parsed.child(4).is(Node::Kind::invalid));
}

TEST_CASE("yaml_tree: a quoted << is a key like others") {
  CHECK(Parsed("'<<': a").diagnostics.text() == "");
}

TEST_CASE("yaml_tree: 64 deep, and 65") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(Parsed(nested(64)).tree);
  const Parsed deeper(nested(65));
  CHECK_FALSE(deeper.tree);
  CHECK(first_line(deeper) == "t:1:65: error: mappings and lists are nested more than 64 deep");
}

TEST_CASE("yaml_tree: a million values, and one more") {
  std::string text;
  for (std::size_t i = 1; i < conf::kMaxNodes; ++i) text += "- a\n";
  CHECK(Parsed(text).tree);
  const Parsed more(text + "- a\n");
  CHECK_FALSE(more.tree);
  CHECK(first_line(more) == "t:1000000:3: error: more than 1000000 values");
}

TEST_CASE("yaml_tree: aliases that expand to two million values, and to more") {
  std::string text = "- &a [";
  for (int i = 0; i < 1999; ++i) text += "x,";
  text += "]\n";
  for (int i = 0; i < 1000; ++i) text += "- *a\n";
  CHECK(Parsed(text).tree);
  const Parsed more(text + "- *a\n");
  CHECK_FALSE(more.tree);
  CHECK(first_line(more) == "t:1002:3: error: the aliases expand to more than 2000000 values");
}

TEST_CASE("yaml_tree: descriptions") {
  const Parsed parsed("[a, 080, {}, [], ~, '', &b \"c\\n\", *b]");
  REQUIRE(parsed.tree);
  std::string all;
  for (const Node* node : parsed.root().children) all += conf::describe(*node) + "|";
  CHECK(all == "text \"a\"|080|a mapping|a list|null|text \"\"|text \"c\\x0a\"|the alias `*b`|");
}
