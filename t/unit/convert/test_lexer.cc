// Tests of convert/lexer: words, quotes, comments, and bytes that are no text.
#include <doctest/doctest.h>

#include "master/convert/lexer.h"

using namespace master::convert;

namespace {

// Words between `|`, those in quotes with quotes; then the comment behind `#`.
std::string read(std::string_view line) {
  const Line read = read_line(line);
  std::string out;
  for (const Word& word : read.words) {
    if (!out.empty()) out += '|';
    out += word.is_quoted ? '"' + word.text + '"' : word.text;
  }
  return read.comment ? out + '#' + *read.comment : out;
}

std::string refusal(std::string_view line) {
  try {
    read_line(line);
  } catch (const LexError& error) {
    return std::to_string(error.column) + ": " + error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a line is words, texts in quotes and a comment") {
  CHECK(read("") == "");
  CHECK(read(" \t ") == "");
  CHECK(read("End") == "End");
  CHECK(read("\tListenHTTP \"a b\"  ") == "ListenHTTP|\"a b\"");
  CHECK(read("HAport 10.0.0.1 8081") == "HAport|10.0.0.1|8081");
  CHECK(read("Redirect 301 \"http://a/\"") == "Redirect|301|\"http://a/\"");
  CHECK(read("User \"\"") == "User|\"\"");
}

TEST_CASE("a comment begins with # outside of quotes") {
  CHECK(read("# a comment ") == "# a comment");
  CHECK(read("#a") == "#a");
  CHECK(read("#  indented") == "#  indented");
  CHECK(read("## two") == "## two");
  CHECK(read("Port 80 # web") == "Port|80# web");
  CHECK(read("URL \"^/#\" # x") == "URL|\"^/#\"# x");
  CHECK(read("User \"a\"#b") == "User|\"a\"#b");
  CHECK(read("Address a#b") == "Address|a#b");
}

TEST_CASE("texts in quotes have no escapes, but an escaped quote does not end them") {
  CHECK(read(R"(URL "^/a\.b\\c")") == R"(URL|"^/a\.b\\c")");
  CHECK(read(R"(URL "a\"b")") == R"(URL|"a\"b")");
  CHECK(read(R"(URL "a"b")") == R"(URL|"a"b")");
  CHECK(read(R"(URL "a\\" "b")") == R"(URL|"a\\"|"b")");
  CHECK(refusal("URL \"a") == "5: no quote ends this text");
  CHECK(refusal("URL \"a\"b") == "5: no quote ends this text");
  CHECK(refusal("URL \"") == "5: no quote ends this text");
  CHECK(refusal(R"(URL "a\")") == "5: no quote ends this text");
}

TEST_CASE("words are printable UTF-8, and comments are made printable") {
  CHECK(read("User \"J\xc3\xb6rg\"") == "User|\"J\xc3\xb6rg\"");
  CHECK(refusal("User \"J\xf6rg\"") ==
        "8: the byte \\xf6 is no part of a printable text; expected UTF-8");
  CHECK(refusal(std::string_view("Port 8\0", 7)) ==
        "7: the byte \\x00 is no part of a printable text; expected UTF-8");
  CHECK(refusal("A \"\xe2\x80\xa8\"") ==
        "4: the byte \\xe2 is no part of a printable text; expected UTF-8");
  CHECK(refusal("A \"\xef\xbf\xbe\"") ==
        "4: the byte \\xef is no part of a printable text; expected UTF-8");
  CHECK(read("# J\xf6rg") == "# J\\xf6rg");
  CHECK(read("# a\xe2\x80\xa8 b\xc2\x85") == "# a\\xe2\\x80\\xa8 b\\xc2\\x85");
  CHECK(read("# a\x1b[m") == "# a\\x1b[m");
}
