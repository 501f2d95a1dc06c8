// Tests of conf/source_text: which bytes may go on to the parser.
#include <doctest/doctest.h>

#include "conf/source_text.h"
#include "t/unit/conf/harness.h"

namespace {

std::string checked(const std::string& text) {
  conf::Diagnostics diagnostics;
  const bool good = conf::check_source(conf_test::source(text), diagnostics);
  CHECK(good != diagnostics.has_errors());
  CHECK(diagnostics.all().size() == (good ? 0 : 1));
  const std::string out = diagnostics.text();
  return out.substr(0, out.find('\n'));
}

}  // namespace

TEST_CASE("source_text: ordinary text passes") {
  CHECK(checked("") == "");
  CHECK(checked("a: b\r\n\tc\xc3\xa9\xf0\x9f\x98\x80 ~\n") == "");
}

TEST_CASE("source_text: a byte order mark is taken off, once") {
  CHECK(conf::without_byte_order_mark("\xef\xbb\xbf"
                                      "a") == "a");
  CHECK(conf::without_byte_order_mark("a") == "a");
  CHECK(checked("\xef\xbb\xbf") == "t:1:1: error: a byte order mark in the middle of the text");
}

TEST_CASE("source_text: the position of the first bad byte") {
  const std::string control = "error: a control character, which YAML does not allow";
  CHECK(checked("\x01") == "t:1:1: " + control);
  CHECK(checked("ab\x7f") == "t:1:3: " + control);
  CHECK(checked("a\nb\r\n\x1b") == "t:3:1: " + control);
  CHECK(checked("a\r\xc2\x80") == "t:2:1: " + control);
  CHECK(checked(std::string("a\n\n \0\0", 6)) ==
        "t:3:2: error: a NUL byte; a configuration is UTF-8 text");
  CHECK(checked("\xc3") == "t:1:1: error: the byte \\xc3 is not UTF-8; save the file as UTF-8");
  CHECK(checked("a\xef\xbf\xbe") == "t:1:2: error: U+FFFE or U+FFFF, which YAML does not allow");
  CHECK(checked("\xc2\x85").starts_with("t:1:1: error: a Unicode line separator"));
  CHECK(checked("\xe2\x80\xa9").starts_with("t:1:1: error: a Unicode line separator"));
}

TEST_CASE("source_text: UTF-16") {
  CHECK(checked("\xff\xfe") == "t: error: the text is UTF-16; save the file as UTF-8");
  CHECK(checked("\xfe\xff") == "t: error: the text is UTF-16; save the file as UTF-8");
}

TEST_CASE("source_text: 16 lines may begin with a percent sign") {
  std::string text;
  for (int i = 0; i < 16; ++i) text += "%a\n a%\n";
  CHECK(checked(text) == "");
  CHECK(checked(text + "%") ==
        "t:33:1: error: more than 16 lines begin with `%`; a configuration needs none");
}

TEST_CASE("source_text: 16 MiB") {
  std::string text(conf::kMaxFileBytes, ' ');
  CHECK(checked(text) == "");
  CHECK(checked(text + " ") == "t: error: more than 16 MiB of text");
}
