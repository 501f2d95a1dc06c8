// Compares the vector version with the portable one: every byte at every place of a short text.
#include "worker/http/scan.h"

#include <doctest/doctest.h>

#include <cctype>
#include <cstring>
#include <vector>

using namespace worker::http;

TEST_CASE("scan: both versions stop at the same byte, or at the end") {
  for (std::size_t size = 0; size < 50; ++size) {
    // The exact size, so that the address sanitizer sees a read behind the end.
    std::vector<char> text(size, 'a');
    const char* const end = text.data() + size;
    CHECK(skip_value(text.data(), end) == end);
    CHECK(skip_value_portably(text.data(), end) == end);
    for (std::size_t place = 0; place < size; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        text[place] = static_cast<char>(byte);
        const bool bad = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        const char* const expected = bad ? text.data() + place : end;
        REQUIRE(skip_value(text.data(), end) == expected);
        REQUIRE(skip_value_portably(text.data(), end) == expected);
      }
      text[place] = 'a';
    }
  }
}

TEST_CASE("scan: both versions end a name at the same byte and agree on plain") {
  for (std::size_t size = 0; size < 50; ++size) {
    std::vector<char> text(size, 'a');
    const char* const end = text.data() + size;
    CHECK(skip_name(text.data(), end).end == end);
    CHECK(skip_name(text.data(), end).plain);
    for (std::size_t place = 0; place < size; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        text[place] = static_cast<char>(byte);
        const bool plain = byte < 128 && (std::isalnum(byte) != 0 || byte == '-');
        const bool token = plain || (byte != 0 && std::strchr("!#$%&'*+.^_`|~", byte) != nullptr);
        const NameScan fast = skip_name(text.data(), end);
        const NameScan slow = skip_name_portably(text.data(), end);
        REQUIRE(fast.end == (token ? end : text.data() + place));
        REQUIRE(fast.plain == (plain || !token));
        REQUIRE(slow.end == fast.end);
        REQUIRE(slow.plain == fast.plain);
      }
      text[place] = 'a';
    }
  }
}

TEST_CASE("scan: a bad byte at each place of a long value") {
  std::vector<char> text(300, 'a');
  const char* const end = text.data() + text.size();
  CHECK(skip_value(text.data(), end) == end);
  for (char& c : text) {
    c = '\x7f';
    REQUIRE(skip_value(text.data(), end) == &c);
    c = 'a';
  }
}

TEST_CASE("scan: the first of several bad bytes ends the scan") {
  const std::vector<char> text{'a', '\r', 'b', '\n', 'c',  'd', 'e', 'f', 'g',
                               'h', 'i',  'j', 'k',  '\0', 'm', 'n', 'o', 'p'};
  CHECK(skip_value(text.data(), text.data() + text.size()) == text.data() + 1);
}
