// Tests of conf/diagnostic: the exact look of messages.
#include <doctest/doctest.h>

#include "conf/diagnostic.h"
#include "t/unit/conf/harness.h"

namespace {

std::string one(const std::string& text, std::size_t line, std::size_t column) {
  conf::Diagnostics diagnostics;
  diagnostics.error({conf_test::source(text), line, column}, "m");
  return diagnostics.text();
}

}  // namespace

TEST_CASE("diagnostic: the three severities, with and without a place") {
  const auto file = conf_test::source("one\ntwo\n");
  conf::Diagnostics diagnostics;
  CHECK_FALSE(diagnostics.has_errors());
  diagnostics.warning(conf::Lint::no_effect, {file, 2, 2}, "w");
  diagnostics.note({file, 1, 1}, "n");
  CHECK_FALSE(diagnostics.has_errors());
  diagnostics.error({file, 0, 0}, "e");
  diagnostics.error({}, "nowhere");
  CHECK(diagnostics.has_errors());
  CHECK(diagnostics.all().size() == 4);
  CHECK(diagnostics.text() ==
        "t:2:2: warning: w [no-effect]\n  two\n   ^\n"
        "t:1:1: note: n\n  one\n  ^\n"
        "t: error: e\n"
        "error: nowhere\n");
}

TEST_CASE("diagnostic: headlines are the text without excerpts") {
  const auto file = std::make_shared<const conf::SourceFile>(conf::SourceFile{"a.yaml", "x: y\n"});
  conf::Diagnostics found;
  found.error({file, 1, 4}, "bad y\n");
  found.warning(conf::Lint::no_effect, {}, "odd");
  CHECK(found.headlines() ==
        std::vector<std::string>{"a.yaml:1:4: error: bad y\\x0a", "warning: odd [no-effect]"});
}

TEST_CASE("diagnostic: a silenced kind of warning is dropped with its notes") {
  conf::Diagnostics found;
  found.silence(conf::Lint::no_effect);
  found.warning(conf::Lint::no_effect, {}, "dropped");
  found.note({}, "dropped, too");
  found.warning(conf::Lint::no_backends, {}, "kept");
  found.note({}, "its note");
  found.warning(conf::Lint::no_effect, {}, "dropped");
  found.error({}, "an error");
  found.note({}, "its note");
  CHECK(found.text() ==
        "warning: kept [no-backends]\nnote: its note\nerror: an error\nnote: its note\n");
}

TEST_CASE("diagnostic: messages of another object keep their codes and their notes") {
  conf::Diagnostics other;
  other.warning(conf::Lint::no_effect, {}, "dropped");
  other.note({}, "dropped, too");
  other.warning(conf::Lint::no_backends, {}, "kept");
  other.note({}, "its note");
  other.error({}, "an error");
  conf::Diagnostics found;
  found.silence(conf::Lint::no_effect);
  found.append(other);
  CHECK(found.has_errors());
  CHECK(found.text() == "warning: kept [no-backends]\nnote: its note\nerror: an error\n");
}

TEST_CASE("diagnostic: no messages, no text") { CHECK(conf::Diagnostics().text().empty()); }

TEST_CASE("diagnostic: the caret is never more than one column after the line's end") {
  CHECK(one("abc\n", 1, 4) == "t:1:4: error: m\n  abc\n     ^\n");
  CHECK(one("abc\n", 1, 99) == "t:1:99: error: m\n  abc\n     ^\n");
}

TEST_CASE("diagnostic: blank and absent lines are not shown") {
  CHECK(one("a\n \t\nb", 2, 1) == "t:2:1: error: m\n");
  CHECK(one("a\n", 2, 1) == "t:2:1: error: m\n");
  CHECK(one("", 1, 1) == "t:1:1: error: m\n");
}

TEST_CASE("diagnostic: tabs and wide characters do not move the caret") {
  CHECK(one("\tx\ty", 1, 4) == "t:1:4: error: m\n  \\x09x\\x09y\n           ^\n");
  CHECK(one("\xc3\xa9x", 1, 3) == "t:1:3: error: m\n  \xc3\xa9x\n   ^\n");
}

TEST_CASE("diagnostic: foreign bytes are escaped, in lines, messages and names") {
  conf::Diagnostics diagnostics;
  const auto file = std::make_shared<const conf::SourceFile>(conf::SourceFile{"a\nb", "\x1b[\xff"});
  diagnostics.error({file, 1, 3}, "x\r\ny\x80");
  CHECK(diagnostics.text() == "a\\x0ab:1:3: error: x\\x0d\\x0ay\\x80\n  \\x1b[\\xff\n       ^\n");
}

TEST_CASE("diagnostic: line ends are LF, CR LF and CR") {
  const std::string text = "a\r\nb\rc\nd";
  CHECK(one(text, 2, 1) == "t:2:1: error: m\n  b\n  ^\n");
  CHECK(one(text, 3, 1) == "t:3:1: error: m\n  c\n  ^\n");
  CHECK(one(text, 4, 1) == "t:4:1: error: m\n  d\n  ^\n");
}

TEST_CASE("diagnostic: a line of 100 bytes is shown whole, a longer one around the caret") {
  const std::string hundred(100, 'a');
  CHECK(one(hundred, 1, 100) ==
        "t:1:100: error: m\n  " + hundred + "\n" + std::string(101, ' ') + "^\n");
  const std::string longer(101, 'a');
  CHECK(one(longer, 1, 1) == "t:1:1: error: m\n  " + hundred + "...\n  ^\n");
  CHECK(one(longer, 1, 61) ==
        "t:1:61: error: m\n  " + hundred + "...\n" + std::string(62, ' ') + "^\n");
  CHECK(one(longer, 1, 62) ==
        "t:1:62: error: m\n  ..." + hundred + "\n" + std::string(65, ' ') + "^\n");
}

TEST_CASE("diagnostic: a cut does not split a character") {
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "\xc3\xa9";
  const std::string shown = one(wide, 1, 101);
  CHECK(shown.find("\\x") == std::string::npos);
  std::string odd = "x" + wide;
  CHECK(one(odd, 1, 100).find("\\x") == std::string::npos);
  CHECK(one(odd, 1, 102).find("\\x") == std::string::npos);
}

TEST_CASE("diagnostic: sorting keeps notes behind their message and drops repetitions") {
  const auto file = conf_test::source("a\nb\nc\n");
  conf::Diagnostics diagnostics;
  diagnostics.error({file, 3, 1}, "third");
  diagnostics.note({file, 1, 1}, "to third");
  diagnostics.error({file, 2, 1}, "second");
  diagnostics.error({file, 3, 1}, "third");
  diagnostics.note({file, 1, 1}, "to third");
  diagnostics.error({file, 3, 1}, "another");
  diagnostics.error({file, 0, 0}, "whole");
  diagnostics.sort();
  CHECK(diagnostics.text() ==
        "t: error: whole\n"
        "t:2:1: error: second\n  b\n  ^\n"
        "t:3:1: error: third\n  c\n  ^\n"
        "t:1:1: note: to third\n  a\n  ^\n"
        "t:3:1: error: another\n  c\n  ^\n");
}

TEST_CASE("diagnostic: 1000 messages are kept, the rest is counted") {
  conf::Diagnostics diagnostics;
  for (std::size_t i = 0; i < conf::Diagnostics::kMaxKept; ++i) {
    CHECK_FALSE(diagnostics.full());
    diagnostics.warning(conf::Lint::no_effect, {}, "w");
  }
  CHECK(diagnostics.full());
  CHECK(diagnostics.text().find("not shown") == std::string::npos);
  diagnostics.error({}, "e");
  diagnostics.note({}, "n");
  CHECK(diagnostics.has_errors());
  CHECK(diagnostics.all().size() == 1000);
  CHECK(diagnostics.text().ends_with("warning: w [no-effect]\n1 more messages are not shown\n"));
}

TEST_CASE("diagnostic: values in messages are escaped and cut") {
  CHECK(conf::shown("a\tb") == "a\\x09b");
  CHECK(conf::shown(std::string(64, 'x')) == std::string(64, 'x'));
  CHECK(conf::shown(std::string(65, 'x')) == std::string(64, 'x') + "...");
  CHECK(conf::shown(std::string(63, 'x') + "\xc3\xa9y") == std::string(63, 'x') + "...");
}

TEST_CASE("diagnostic: take_line cuts one line") {
  std::string_view rest = "a\r\n\rb";
  CHECK(conf::take_line(rest) == "a");
  CHECK(conf::take_line(rest) == "");
  CHECK(conf::take_line(rest) == "b");
  CHECK(rest.empty());
}

TEST_CASE("diagnostic: warnings become errors and keep their codes") {
  conf::Diagnostics diagnostics;
  diagnostics.warning(conf::Lint::weak_key, {}, "w");
  diagnostics.note({}, "n");
  CHECK_FALSE(diagnostics.has_errors());
  diagnostics.promote_warnings();
  CHECK(diagnostics.errors() == 1);
  CHECK(diagnostics.text() == "error: w [weak-key]\nnote: n\n");
}

TEST_CASE("diagnostic: files that a configuration names come last, each for itself") {
  const auto file = [](const std::string& name, unsigned order) {
    return std::make_shared<const conf::SourceFile>(conf::SourceFile{name, "", order});
  };
  const auto main = file("main", 0);
  const auto a = file("a", conf::kNamedFile);
  const auto b = file("b", conf::kNamedFile);
  conf::Diagnostics diagnostics;
  for (const std::size_t line : {1u, 2u}) {
    for (const auto& one : {b, a, main}) diagnostics.error({one, line, 1}, "e");
  }
  diagnostics.sort();
  CHECK(diagnostics.headlines() ==
        std::vector<std::string>{"main:1:1: error: e", "main:2:1: error: e", "a:1:1: error: e",
                                 "a:2:1: error: e", "b:1:1: error: e", "b:2:1: error: e"});
}
