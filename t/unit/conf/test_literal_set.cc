#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "conf/literal_set.h"

namespace {

using conf::LiteralSet;

std::vector<int> found(LiteralSet& set, std::string_view text) {
  std::vector<int> numbers{99};  // is replaced
  set.search(text, numbers);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

TEST_CASE("literal set: literals inside others are found, in either letter case, each once") {
  LiteralSet set;
  REQUIRE(set.compile({"he", "she", "his", "hers", "e"}));
  CHECK(found(set, "ushers") == std::vector{0, 1, 3, 4});
  CHECK(found(set, "USHERS, his") == std::vector{0, 1, 2, 3, 4});
  CHECK(found(set, "hehehe") == std::vector{0, 4});
  CHECK(found(set, "his") == std::vector{2});
  CHECK(found(set, "hi s").empty());
  CHECK(found(set, "").empty());
}

TEST_CASE("literal set: any byte; only ASCII has letter cases") {
  LiteralSet set;
  REQUIRE(set.compile({std::string("\0\xff", 2), "\xe9", "[x]"}));
  CHECK(found(set, std::string("a\0\xff", 3)) == std::vector{0});
  CHECK(found(set, "\xc9").empty());
  CHECK(found(set, "\xe9[X]") == std::vector{1, 2});
  CHECK(found(set, "{x}").empty());
}

TEST_CASE("literal set: the same results as one search for each literal") {
  std::uint32_t state = 1;
  const auto random = [&](std::uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 16) % below;
  };
  const auto word = [&](std::uint32_t size) {
    std::string made;
    for (std::uint32_t i = 0; i < size; ++i) made += "abA"[random(3)];
    return made;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> literals;
    for (std::uint32_t i = 0, n = 1 + random(12); i < n; ++i) {
      std::string one = word(1 + random(6));
      std::replace(one.begin(), one.end(), 'A', 'a');
      if (std::find(literals.begin(), literals.end(), one) == literals.end())
        literals.push_back(one);
    }
    LiteralSet set;
    REQUIRE(set.compile(literals));
    for (int i = 0; i < 20; ++i) {
      const std::string text = word(random(20));
      std::string small = text;
      std::replace(small.begin(), small.end(), 'A', 'a');
      std::vector<int> expected;
      for (std::size_t one = 0; one < literals.size(); ++one) {
        if (small.find(literals[one]) != std::string::npos) {
          expected.push_back(static_cast<int>(one));
        }
      }
      CAPTURE(text);
      CHECK(found(set, text) == expected);
    }
  }
}

TEST_CASE("literal set: a table over the bound is refused, one of that size is not") {
  // Two classes: that of `a` and that of all others.
  LiteralSet set;
  CHECK(set.compile({std::string(LiteralSet::kMostCells / 2 - 1, 'a')}));
  CHECK_FALSE(set.compile({std::string(LiteralSet::kMostCells / 2, 'a')}));
}

TEST_CASE("literal set: every ASCII letter has two cases, and no other byte has") {
  for (int byte = 1; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper) continue;  // literals come in lower case
    LiteralSet set;
    REQUIRE(set.compile({std::string(1, c)}));
    for (int other = 0; other < 256; ++other) {
      const bool is_its_upper = c >= 'a' && c <= 'z' && other == byte - 'a' + 'A';
      const bool expected = other == byte || is_its_upper;
      REQUIRE(found(set, std::string(1, static_cast<char>(other))).size() == (expected ? 1 : 0));
    }
  }
}
