#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "master/control/line.h"

using master::control::kMostLine;
using master::control::LineReader;
using master::control::quoted_word;
using master::control::split_words;
using master::control::Words;
using State = LineReader::State;

namespace {

std::vector<std::string> words(std::string_view line) {
  const Words found = split_words(line);
  REQUIRE_MESSAGE(found.error.empty(), found.error);
  return found.words;
}

std::string error(std::string_view line) {
  const Words found = split_words(line);
  CHECK(found.words.empty());
  return found.error;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("control line: a line comes whole, in parts, and with either end") {
  LineReader whole;
  CHECK(whole.is_empty());
  CHECK(whole.add("status\nmore") == State::complete);
  CHECK(whole.line() == "status");
  CHECK(whole.add("even more\n") == State::complete);
  CHECK(whole.line() == "status");
  LineReader parts;
  CHECK(parts.add("sta") == State::incomplete);
  CHECK_FALSE(parts.is_empty());
  CHECK(parts.add("tus\r") == State::incomplete);
  CHECK(parts.add("\n") == State::complete);
  CHECK(parts.line() == "status");
  LineReader empty;
  CHECK(empty.add("\n") == State::complete);
  CHECK(empty.line().empty());
}

TEST_CASE("control line: the longest line, and a longer one") {
  LineReader longest;
  CHECK(longest.add(std::string(kMostLine - 1, 'x')) == State::incomplete);
  CHECK(longest.add("\n") == State::complete);
  CHECK(longest.line().size() == kMostLine - 1);
  LineReader longer;
  CHECK(longer.add(std::string(kMostLine, 'x')) == State::incomplete);
  CHECK(longer.add("\n") == State::too_long);
  CHECK(longer.state() == State::too_long);
  LineReader endless;
  CHECK(endless.add(std::string(kMostLine + 1, 'x')) == State::too_long);
}

TEST_CASE("control line: words") {
  CHECK(words("") == List{});
  CHECK(words(" \t ") == List{});
  CHECK(words("a") == List{"a"});
  CHECK(words("  drain\tweb  --wait ") == List{"drain", "web", "--wait"});
  CHECK(words("x \"a b\" c") == List{"x", "a b", "c"});
  CHECK(words("x \"\" y") == List{"x", "", "y"});
  CHECK(words("a\"b c\"d") == List{"ab cd"});
  CHECK(words("a\\ b \\\"c\\\\ \"\\\"\"") == List{"a b", "\"c\\", "\""});
  CHECK(words("\xc3\xa4 \xff") == List{"\xc3\xa4", "\xff"});
  CHECK(words("\"a\tb\"") == List{"a\tb"});
}

TEST_CASE("control line: what is no line of words") {
  CHECK(error("a \"b") == "a quotation mark is not closed");
  CHECK(error("a \\") == "the line ends with a backslash");
  CHECK(error(std::string_view("a\0", 2)) == "byte 0x00 at offset 1 is not allowed");
  CHECK(error("\x1b[31m") == "byte 0x1b at offset 0 is not allowed");
  CHECK(error("ab\x7f") == "byte 0x7f at offset 2 is not allowed");
  CHECK(error("\"\\\x01\"") == "byte 0x01 at offset 2 is not allowed");
}

TEST_CASE("control line: a quoted word is found again") {
  for (const std::string word : {"", "a", "a b", "\"", "\\", "\\\"", "\t", "\xff"}) {
    CHECK(words("x " + quoted_word(word) + " y") == List{"x", word, "y"});
  }
}
