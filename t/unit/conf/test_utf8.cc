// Tests of conf/utf8: what is a well-formed character, and which ones may be shown.
#include <doctest/doctest.h>

#include "conf/utf8.h"

namespace {

std::size_t length(std::string_view text) {
  char32_t ignored = 0;
  return conf::decode_utf8(text, ignored);
}

char32_t character(std::string_view text) {
  char32_t found = 0;
  conf::decode_utf8(text, found);
  return found;
}

}  // namespace

TEST_CASE("utf8: each length, at its first and last character") {
  CHECK(character("\x7f") == 0x7f);
  CHECK(character("\xc2\x80") == 0x80);
  CHECK(character("\xdf\xbf") == 0x7ff);
  CHECK(character("\xe0\xa0\x80") == 0x800);
  CHECK(character("\xef\xbf\xbf") == 0xffff);
  CHECK(character("\xf0\x90\x80\x80") == 0x10000);
  CHECK(character("\xf4\x8f\xbf\xbf") == 0x10ffff);
  CHECK(length("\xf4\x8f\xbf\xbf!") == 4);
}

TEST_CASE("utf8: bytes that are not well-formed") {
  CHECK(length("") == 0);
  CHECK(length("\x80") == 0);
  CHECK(length("\xff") == 0);
  CHECK(length("\xc3") == 0);
  CHECK(length("\xc3(") == 0);
  CHECK(length("\xe2\x82") == 0);
  CHECK(length("\xc1\xbf") == 0);
  CHECK(length("\xe0\x9f\xbf") == 0);
  CHECK(length("\xf0\x8f\xbf\xbf") == 0);
  CHECK(length("\xed\xa0\x80") == 0);
  CHECK(length("\xed\xbf\xbf") == 0);
  CHECK(length("\xf4\x90\x80\x80") == 0);
  CHECK(length("\xf8\x88\x80\x80\x80") == 0);
}

TEST_CASE("utf8: characters that may be shown") {
  CHECK(conf::is_printable(' '));
  CHECK(conf::is_printable('~'));
  CHECK(conf::is_printable(0xa0));
  CHECK(conf::is_printable(0x4e2d));
  CHECK(conf::is_printable(0x1f600));
  for (const char32_t hidden : {0x0, 0x9, 0x1f, 0x7f, 0x80, 0x9f, 0x200b, 0x200f, 0x2028, 0x2029,
                                0x202a, 0x202e, 0x2066, 0x2069, 0xfeff}) {
    CHECK_FALSE(conf::is_printable(hidden));
  }
}
