// What bytes become in a string of JSON.
#include "worker/log/json_text.h"

#include <doctest/doctest.h>

#include <string>

namespace {

struct Shown {
  std::string text;
  bool is_cut;
  bool operator==(const Shown&) const = default;
};

Shown shown(const std::string& bytes, std::size_t most = 1000) {
  std::string out(worker::log::json_room(bytes.size(), most) + 1, '#');
  const worker::log::JsonEnd done = worker::log::json_text(out.data(), bytes, most);
  const auto size = static_cast<std::size_t>(done.end - out.data());
  CHECK(size <= worker::log::json_room(bytes.size(), most));
  CHECK(out[size] == '#');  // nothing was written beyond its end
  return {out.substr(0, size), done.is_cut};
}

std::string text(const std::string& bytes) {
  const Shown made = shown(bytes);
  CHECK_FALSE(made.is_cut);
  return made.text;
}

}  // namespace

TEST_CASE("json_text: printable ASCII stays as it is") {
  std::string all;
  for (char c = 0x20; c < 0x7f; ++c) {
    if (c != '"' && c != '\\') all += c;
  }
  CHECK(text(all) == all);
  CHECK(text("").empty());
}

TEST_CASE("json_text: quotes and control characters") {
  CHECK(text("a\"b") == R"(a\"b)");
  CHECK(text(std::string("\0\x01\t\n\r\x1f\x7f", 7)) ==
        R"(\u0000\u0001\u0009\u000a\u000d\u001f\u007f)");
}

TEST_CASE("json_text: characters of UTF-8 are escaped as what they are") {
  CHECK(text("\xc3\xa9") == R"(\u00e9)");
  CHECK(text("\xe2\x82\xac") == R"(\u20ac)");
  CHECK(text("\xef\xbf\xbf") == R"(\uffff)");
  CHECK(text("\xf0\x90\x80\x80") == R"(\ud800\udc00)");
  CHECK(text("\xf4\x8f\xbf\xbf") == R"(\udbff\udfff)");
  CHECK(text("\xc2\x80") == R"(\u0080)");
}

TEST_CASE("json_text: other bytes and backslashes are told from what a client writes") {
  CHECK(text("\\") == R"(\\x5c)");
  CHECK(text("\\xff") == R"(\\x5cxff)");
  CHECK(text("\xff") == R"(\\xff)");
  CHECK(text("\xc3") == R"(\\xc3)");
  CHECK(text("\xc3(") == R"(\\xc3()");
  CHECK(text("\xc0\x80") == R"(\\xc0\\x80)");           // overlong
  CHECK(text("\xed\xa0\x80") == R"(\\xed\\xa0\\x80)");  // a surrogate
  CHECK(text("\xf4\x90\x80\x80") == R"(\\xf4\\x90\\x80\\x80)");
}

TEST_CASE("json_text: a text is cut before the first character that does not fit") {
  CHECK(shown("abcd", 4) == Shown{"abcd", false});
  CHECK(shown("abcd", 3) == Shown{"abc", true});
  CHECK(shown("ab\"", 4) == Shown{R"(ab\")", false});
  CHECK(shown("ab\"", 3) == Shown{"ab", true});
  CHECK(shown("a\xf0\x90\x80\x80", 13) == Shown{R"(a\ud800\udc00)", false});
  CHECK(shown("a\xf0\x90\x80\x80", 12) == Shown{"a", true});
  CHECK(shown("a\xff", 6) == Shown{R"(a\\xff)", false});
  CHECK(shown("a\xff", 5) == Shown{"a", true});
  CHECK(shown("a", 0) == Shown{"", true});
  CHECK(shown("", 0) == Shown{"", false});
}
