#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "worker/log/escape.h"

using worker::log::escaped;

TEST_CASE("escape: bytes that could forge a line or a field become \\xNN") {
  CHECK(escaped("plain text, 100%") == "plain text, 100%");
  CHECK(escaped("a\r\nb") == "a\\x0d\\x0ab");
  CHECK(escaped("say \"hi\" \\") == "say \\x22hi\\x22 \\x5c");
  CHECK(escaped(std::string_view("\0\x1b\x7f\xff", 4)) == "\\x00\\x1b\\x7f\\xff");
  CHECK(escaped("").empty());
}

TEST_CASE("escape: a long text is cut and ends in an ellipsis") {
  CHECK(escaped("abcd", 4) == "abcd");
  CHECK(escaped("abcde", 4) == "abcd...");
  CHECK(escaped("\n", 4) == "\\x0a");
  CHECK(escaped("a\n", 4) == "a...");
  CHECK(escaped("\n\n", 7) == "\\x0a...");
}

TEST_CASE("escape: the limit counts escaped bytes, and no escape is split") {
  CHECK(escaped("\n\n", 8) == "\\x0a\\x0a");
  CHECK(escaped("\n\n", 7) == "\\x0a...");
  CHECK(escaped("a\n", 4) == "a...");
  CHECK(escaped("a\n", 5) == "a\\x0a");
  CHECK(escaped("ab", 1) == "a...");
}

TEST_CASE("escape: every byte at every place of texts of 1 to 40 bytes") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    char shown[5] = {c, '\0'};
    const bool plain = byte >= 0x20 && byte <= 0x7e && c != '"' && c != '\\';
    if (!plain) std::snprintf(shown, sizeof shown, "\\x%02x", static_cast<unsigned>(byte));
    for (std::size_t size = 1; size <= 40; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'a');
        text[at] = c;
        std::string expected(size, 'a');
        expected.replace(at, 1, shown);
        REQUIRE(escaped(text) == expected);
      }
    }
  }
}

TEST_CASE("escape: a text is appended to the bytes that are there") {
  std::string out = "reason=";
  worker::log::append_escaped(out, "a\nbc", 5);
  CHECK(out == "reason=a\\x0a...");
}

TEST_CASE("escape: escaping ignores the bytes before and behind the text in memory") {
  // The text is longer than two of the 16-byte blocks that the code checks at once.
  const std::string plain(120, 'a');
  const std::string odd(120, '\n');
  for (std::size_t size = 0; size <= 40; ++size) {
    CHECK(escaped(std::string_view(plain).substr(40, size)) == plain.substr(0, size));
    std::string text = odd;
    text.replace(40, size, size, 'a');
    CHECK(escaped(std::string_view(text).substr(40, size)) == plain.substr(0, size));
    for (std::size_t at = 0; at < size; ++at) {
      text = plain;
      text[40 + at] = '"';
      std::string expected(size, 'a');
      expected.replace(at, 1, "\\x22");
      REQUIRE(escaped(std::string_view(text).substr(40, size)) == expected);
    }
  }
}
