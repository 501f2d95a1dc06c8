// Tests of convert/yaml: block and flow style, quotes, anchors, comments.
#include <doctest/doctest.h>

#include "master/convert/yaml.h"

using namespace master::convert;

namespace {

std::string written(const Yaml& value) {
  Yaml top = Yaml::mapping();
  top.add("k", value);
  return write_yaml(top);
}

std::string text(std::string_view value) {
  const std::string out = written(Yaml::text(value));
  REQUIRE(out.starts_with("k: "));
  REQUIRE(out.ends_with('\n'));
  return out.substr(3, out.size() - 4);
}

}  // namespace

TEST_CASE("texts that YAML would take for something else are quoted") {
  CHECK(text("abc") == "abc");
  CHECK(text("/etc/pound/a-b_c.pem") == "/etc/pound/a-b_c.pem");
  CHECK(text("10.0.0.1") == "10.0.0.1");
  for (const std::string_view word :
       {"",    "null", "True", "off", "y",   "1",  "1.5", "0660", "-",   "-a",
        ".5",  "a b",  "a:b",  "a#b", "::1", "*a", "&a",  "!a",   "[a]", "{a",
        "a,b", "%a",   "@a",   "`a",  "~",   "a$", "?",   "> a"}) {
    CHECK(text(word) == "'" + std::string(word) + "'");
  }
  CHECK(text("it's") == "'it''s'");
  CHECK(text("^/a\\.b") == "'^/a\\.b'");
  CHECK(text("J\xc3\xb6rg") == "'J\xc3\xb6rg'");
}

TEST_CASE("what is not printable is escaped") {
  CHECK(text("a\tb") == "\"a\\U00000009b\"");
  CHECK(text("\"\\\n") == "\"\\\"\\\\\\U0000000a\"");
  CHECK(text("\xe2\x80\xa8") == "\"\\U00002028\"");
}

TEST_CASE("mappings and lists in blocks") {
  Yaml top = Yaml::mapping();
  top.add("a", Yaml::number(1));
  Yaml& list = top.add("list", Yaml::list()).value;
  list.add("", Yaml::text("x"));
  Yaml item = Yaml::mapping();
  item.add("b", Yaml::plain("true"));
  item.add("c", Yaml::alias("n"));
  list.add("", item);
  item.anchor = "n";
  list.add("", item);
  CHECK(write_yaml(top) ==
        "a: 1\n"
        "list:\n"
        "  - x\n"
        "  - b: true\n"
        "    c: *n\n"
        "  - &n\n"
        "    b: true\n"
        "    c: *n\n");
}

TEST_CASE("mappings and lists in one line") {
  Yaml list = Yaml::texts({"a", "b c"});
  list.is_short = true;
  Yaml mapping = Yaml::mapping();
  mapping.is_short = true;
  mapping.add("x y", list);
  mapping.add("m", Yaml::number(7));
  CHECK(written(mapping) == "k: {'x y': [a, 'b c'], m: 7}\n");
  CHECK(written(Yaml::texts({"a"})) == "k: a\n");
  CHECK(written(Yaml::texts({})) == "k: []\n");
}

TEST_CASE("comments stand before what they belong to, with its indent") {
  Yaml top = Yaml::mapping();
  top.comment(" head");
  Yaml item = Yaml::mapping();
  item.comment(" of b");
  item.add("b", Yaml::number(1));
  item.comment(" end of item");
  Yaml list = Yaml::list();
  list.comment(" of item");
  list.add("", item);
  list.comment("");
  top.add("list", list);
  top.comment(" end");
  CHECK(write_yaml(top) ==
        "# head\n"
        "list:\n"
        "  # of item\n"
        "  -\n"
        "    # of b\n"
        "    b: 1\n"
        "    # end of item\n"
        "  #\n"
        "# end\n");
}

TEST_CASE("a disabled item is a comment with all that is in it") {
  Yaml item = Yaml::mapping();
  item.add("b", Yaml::number(1));
  item.comment(" c");
  item.add("d", Yaml::texts({"x", "z"}));
  Yaml list = Yaml::list();
  list.add("", item).is_disabled = true;
  list.add("", Yaml::number(2));
  CHECK(written(list) ==
        "k:\n"
        "  # - b: 1\n"
        "  #   # c\n"
        "  #   d:\n"
        "  #     - x\n"
        "  #     - z\n"
        "  - 2\n");
}

TEST_CASE("a remark is cut at spaces") {
  CHECK(wrap("", 5) == std::vector<std::string>{""});
  CHECK(wrap("ab cd", 5) == std::vector<std::string>{"ab cd"});
  CHECK(wrap("ab cd e", 5) == std::vector<std::string>{"ab cd", "e"});
  CHECK(wrap("ab cde", 5) == std::vector<std::string>{"ab", "cde"});
  CHECK(wrap("abcdefg h", 5) == std::vector<std::string>{"abcdefg", "h"});
  CHECK(wrap("abcdefgh", 5) == std::vector<std::string>{"abcdefgh"});
}
