// Tests of conf/pattern: the dialect, and that a set finds what its patterns find.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "conf/pattern.h"

namespace {

using conf::Pattern;
using conf::PatternSet;

Pattern made(std::string_view text, Pattern::Case letter_case = Pattern::Case::sensitive) {
  std::string error;
  const auto pattern = Pattern::compile(text, letter_case, error);
  REQUIRE_MESSAGE(pattern, error);
  return *pattern;
}

bool found(std::string_view text, std::string_view subject,
           Pattern::Case letter_case = Pattern::Case::sensitive) {
  return made(text, letter_case).search(subject);
}

std::string refusal(std::string_view text) {
  std::string error;
  CHECK_FALSE(Pattern::compile(text, Pattern::Case::sensitive, error));
  return error;
}

std::vector<int> hits(const PatternSet& set, std::string_view subject) {
  std::vector<int> out;
  set.search(subject, out);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("pattern: a search and not a full match") {
  CHECK(found("www", "Host: www.example.com"));
  CHECK(found(".*.(gif|jpg|png)", "/images/a.gif?x"));
  CHECK(found(".*.(gif|jpg|png)", "/agif"));
  CHECK_FALSE(found(".*.(gif|jpg|png)", "/a.html"));
  CHECK_FALSE(found("gif$", "/a.gif?x"));
  CHECK(found("", "anything"));
  CHECK(found("^$", ""));
}

TEST_CASE("pattern: letter case is the caller's choice") {
  CHECK_FALSE(found("/A", "/a"));
  CHECK(found("/A", "/a", Pattern::Case::insensitive));
  CHECK(found("(?i)/A", "/a"));
}

TEST_CASE("pattern: subjects are bytes") {
  CHECK(found("^a.b$", "a\nb"));
  CHECK(found("^a.b$", std::string_view("a\0b", 3)));
  CHECK(found("^a.b$",
              "a\xff"
              "b"));
  CHECK(found("^\xc3\xa9$", "\xc3\xa9"));
  CHECK_FALSE(found("^a$", "a\n"));
  CHECK_FALSE(found("^b", "a\nb"));
}

TEST_CASE("pattern: it keeps its text, and copies share the compiled form") {
  const Pattern pattern = made("a+", Pattern::Case::insensitive);
  const Pattern copy = pattern;
  CHECK(copy.text() == "a+");
  CHECK(&copy.text() == &pattern.text());
  CHECK(copy.letter_case() == Pattern::Case::insensitive);
}

TEST_CASE("pattern: invalid expressions and the reasons") {
  CHECK(refusal("(a") == "no `)` closes a group in `(a`");
  CHECK(refusal("a)") == "a `)` closes no group in `a)`");
  CHECK(refusal("[a") == "no `]` closes `[a`");
  CHECK(refusal("*a") == "nothing stands before `*` to be repeated");
  CHECK(refusal("a**") == "two repetitions in a row `**`");
  CHECK(refusal("(a)\\1") == "unknown escape `\\1` (there are no back references)");
  CHECK(refusal("a(?!b)") == "unknown group `(?!` (there is no look-around)");
  CHECK(refusal("a\\") == "it ends with a backslash that escapes nothing");
  CHECK(refusal("a{1001}") ==
        "the repetition `{1001}` is backwards, or makes more than 1000 in all");
  CHECK(refusal("((.{100}){10}x){0,100}").find("more than 1000") != std::string::npos);
}

TEST_CASE("pattern: an expression that is too large is refused, half of it is not") {
  std::string large;
  for (int i = 0; i < 60; ++i) large += "(a|bc){500}";
  CHECK(refusal(large) == "it is too large when its repetitions are written out");
  std::string error;
  CHECK(Pattern::compile("(a|bc){500}", Pattern::Case::sensitive, error));
}

TEST_CASE("pattern: hostile subjects take linear time") {
  const std::string subject(1 << 20, 'a');
  CHECK_FALSE(found("(a+)+b", subject));
  CHECK_FALSE(found("(a|aa)*$b", subject));
  CHECK(found("(a?){200}a{200}", subject));
}

TEST_CASE("pattern set: both letter cases, hits appended, each once") {
  PatternSet set;
  CHECK(set.empty());
  CHECK(set.add(made("^/a")) == 0);
  CHECK(set.add(made("^/A", Pattern::Case::insensitive)) == 1);
  CHECK(set.add(made("b$")) == 2);
  CHECK(set.add(made("^/a")) == 3);
  CHECK_FALSE(set.empty());
  set.compile();
  CHECK(hits(set, "/ab") == std::vector{0, 1, 2, 3});
  CHECK(hits(set, "/Ax") == std::vector{1});
  CHECK(hits(set, "x").empty());
  std::vector<int> out{7};
  set.search("/b", out);
  CHECK(out == std::vector{7, 2});
}

TEST_CASE("pattern set: an empty one finds nothing, a moved one still works") {
  PatternSet set;
  set.compile();
  CHECK(hits(set, "a").empty());
  PatternSet other;
  other.add(made("a"));
  other.compile();
  set = std::move(other);
  CHECK(hits(set, "a") == std::vector{0});
}

TEST_CASE("pattern set: flags and quotes of one pattern do not leak into the next") {
  PatternSet set;
  set.add(made("(?i)a"));
  set.add(made("b|C"));
  set.add(made("\\Qx.y", Pattern::Case::insensitive));
  set.add(made("d|E", Pattern::Case::insensitive));
  set.compile();
  CHECK(hits(set, "A") == std::vector{0});
  CHECK(hits(set, "B").empty());
  CHECK(hits(set, "c").empty());
  CHECK(hits(set, "X.Y") == std::vector{2});
  CHECK(hits(set, "xzy").empty());
  CHECK(hits(set, "e") == std::vector{3});
}

TEST_CASE("pattern set: thousands of hosts") {
  PatternSet set;
  for (int i = 0; i < 10'000; ++i) {
    set.add(made("^Host: h" + std::to_string(i) + "\\.example$", Pattern::Case::insensitive));
  }
  set.compile();
  CHECK(hits(set, "Host: h0.example") == std::vector{0});
  CHECK(hits(set, "HOST: H9999.EXAMPLE") == std::vector{9999});
  CHECK(hits(set, "Host: h10000.example").empty());
  CHECK(hits(set, "Host: h1xexample").empty());
}

TEST_CASE("pattern set: a set that outgrows its memory searches one by one") {
  PatternSet set;
  for (int i = 0; i < 200; ++i) {
    set.add(made("x[ab]{" + std::to_string(700 + i) + "}y.{80}" + std::to_string(i) + "$"));
  }
  set.add(made("^a"));
  set.compile();
  CHECK(hits(set, "ab") == std::vector{200});
  std::string subject;
  for (int i = 0; i < 4'000; ++i) subject += (i * i % 7 < 3) ? "xab" : "bax";
  CHECK(hits(set, "a" + subject) == std::vector{200});
}

TEST_CASE("pattern set: many, with and without literals, find what each alone would") {
  std::vector<conf::Pattern> patterns;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    patterns.push_back(made("^Host:.*h" + n + "\\.example", Pattern::Case::insensitive));
    patterns.push_back(made("(h" + n + "|www)\\.test$"));
    patterns.push_back(made("^Host: H" + n + "\\.", Pattern::Case::sensitive));
    patterns.push_back(made("[0-9]{" + std::to_string(1 + i % 4) + "}"));  // none of its own
    patterns.push_back(made("^.{" + n + "}$"));
    patterns.push_back(made("sh.*ared.*" + std::string(1, static_cast<char>('a' + i % 26))));
  }
  patterns.push_back(made("\xc9tat", Pattern::Case::insensitive));
  PatternSet set;
  for (const conf::Pattern& pattern : patterns) set.add(pattern);
  set.compile();
  for (const std::string subject :
       {"", "Host: h7.example", "HOST: x.H39.EXAMPLE.org", "Host: H3.example:8080", "www.test",
        "h12.test", "sh ared xyz", "a shared abcdefghijklmnopqrstuvwxyz 1234", "12", "\xe9tat",
        "\xc9TAT", "\xe9ta"}) {
    CAPTURE(subject);
    std::vector<int> expected;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (patterns[i].search(subject)) expected.push_back(static_cast<int>(i));
    }
    CHECK(hits(set, subject) == expected);
  }
}

TEST_CASE("pattern set: the largest set without a filter, and one pattern more") {
  for (const int count : {16, 17}) {
    PatternSet set;
    for (int i = 0; i < count; ++i) set.add(made("host" + std::to_string(i) + "x"));
    set.compile();
    CHECK(hits(set, "host15x") == std::vector{15});
    CHECK(hits(set, "host1x host10x") == std::vector{1, 10});
    CHECK(hits(set, "host17x").empty());
  }
}

TEST_CASE("pattern: the groups of the first place where it is found") {
  std::string error;
  const auto pattern = conf::CapturePattern::compile("(a+)(x)?(b.)", error);
  REQUIRE(pattern);
  CHECK(pattern->groups() == 3);
  CHECK(pattern->text() == "(a+)(x)?(b.)");
  const std::string_view subject = "..aab\nab-";
  const auto found = pattern->find(subject);
  REQUIRE(found);
  CHECK(found->whole == "aab\n");
  CHECK(found->whole.data() == subject.data() + 2);
  CHECK(found->groups[0] == "aa");
  CHECK(found->groups[1].empty());
  CHECK(found->groups[2] == "b\n");
  CHECK(found->groups[3].empty());
  CHECK_FALSE(pattern->find("AAB-"));
}

TEST_CASE("pattern: groups of an empty place, and more than nine of them") {
  std::string error;
  const auto end = conf::CapturePattern::compile("$", error);
  REQUIRE(end);
  const std::string_view subject = "/a";
  CHECK(end->find(subject)->whole.data() == subject.data() + 2);
  const auto many = conf::CapturePattern::compile("(1)(2)(3)(4)(5)(6)(7)(8)(9)(0)", error);
  REQUIRE(many);
  CHECK(many->groups() == 10);
  CHECK(many->find("1234567890")->groups[8] == "9");
  CHECK_FALSE(conf::CapturePattern::compile("(", error));
  CHECK(error == "no `)` closes a group in `(`");
}
