// Strings of JSON.
#include "shm/json.h"

#include <doctest/doctest.h>

#include <string>

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  shm::append_json_string(out, text);
  return out;
}

}  // namespace

TEST_CASE("json: plain text, quotation marks and backslashes") {
  CHECK(quoted("") == R"("")");
  CHECK(quoted("abc /~") == R"("abc /~")");
  CHECK(quoted(R"(a"b\c)") == R"("a\"b\\c")");
}

TEST_CASE("json: control bytes") {
  CHECK(quoted(std::string_view("\0\n\x1f\x7f", 4)) == R"("\u0000\u000a\u001f\u007f")");
}

TEST_CASE("json: valid UTF-8 stays") {
  for (const std::string_view text :
       {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(quoted(text) == '"' + std::string(text) + '"');
  }
}

TEST_CASE("json: each byte that is not UTF-8 is replaced") {
  const std::string bad = "\xef\xbf\xbd";
  CHECK(quoted("a\x80z") == "\"a" + bad + "z\"");
  CHECK(quoted("\xc1\xbf") == '"' + bad + bad + '"');            // longer than necessary
  CHECK(quoted("\xe0\x9f\xbf") == '"' + bad + bad + bad + '"');  // longer than necessary
  CHECK(quoted("\xed\xa0\x80") == '"' + bad + bad + bad + '"');  // a surrogate
  CHECK(quoted("\xf0\x8f\xbf\xbf") == '"' + bad + bad + bad + bad + '"');
  CHECK(quoted("\xf4\x90\x80\x80") == '"' + bad + bad + bad + bad + '"');
  CHECK(quoted("\xf5") == '"' + bad + '"');
  CHECK(quoted("\xe2\x82") == '"' + bad + bad + '"');  // cut off
  CHECK(quoted("\xc3\"") == '"' + bad + "\\\"\"");
}
