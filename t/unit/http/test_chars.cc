// Compares the character classes with the grammar, byte by byte.
#include "worker/http/chars.h"

#include <doctest/doctest.h>

#include <string>

using namespace worker::http;

namespace {

std::string all_of(CharClass wanted) {
  std::string bytes;
  for (int c = 0; c < 256; ++c) {
    if (is(static_cast<char>(c), wanted)) bytes.push_back(static_cast<char>(c));
  }
  return bytes;
}

const std::string kDigits = "0123456789";
const std::string kCapitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::string kSmall = "abcdefghijklmnopqrstuvwxyz";

}  // namespace

TEST_CASE("chars: each class has the characters of the grammar") {
  CHECK(all_of(kTokenChar) == "!#$%&'*+-." + kDigits + kCapitals + "^_`" + kSmall + "|~");
  CHECK(all_of(kHexChar) == kDigits + "ABCDEFabcdef");
  CHECK(all_of(kHostChar) == "!$&'()*+-." + kDigits + ";=" + kCapitals + "_" + kSmall + "~");
  CHECK(all_of(kPathChar) ==
        "!$&'()*+,-./" + kDigits + ":;=@" + kCapitals + "[]^_" + kSmall + "|~");
  CHECK(all_of(kQueryChar) ==
        "!$&'()*+,-./" + kDigits + ":;=?@" + kCapitals + "[\\]^_`" + kSmall + "{|}~");
}

TEST_CASE("chars: values may have a tab, but no other control character") {
  CHECK(all_of(kValueChar).size() == 1 + 95 + 128);
  CHECK(is('\t', kValueChar));
  CHECK(is('\xff', kValueChar));
  for (char c : {'\0', '\r', '\n', '\x0b', '\x1f', '\x7f'}) CHECK(!is(c, kValueChar));
  CHECK(all_of(kQuotedChar).size() == 1 + 95 + 128 - 2);
  CHECK(!is('"', kQuotedChar));
  CHECK(!is('\\', kQuotedChar));
}

TEST_CASE("chars: comparison ignores case in ASCII letters only") {
  CHECK(equal_ignoring_case("Content-LENGTH", "content-length"));
  CHECK(!equal_ignoring_case("a", "ab"));
  CHECK(!equal_ignoring_case("[", "{"));
  CHECK(!equal_ignoring_case("@", "`"));
  CHECK(!equal_ignoring_case("\xc4", "\xe4"));
  CHECK(equal_ignoring_case("", ""));
}

TEST_CASE("chars: tokens, trimming, hexadecimal digits") {
  CHECK(is_token("chunked"));
  CHECK(!is_token(""));
  CHECK(!is_token("a b"));
  CHECK(trim(" \t a b\t ") == "a b");
  CHECK(trim(" \t ") == "");
  CHECK(hex_value('0') == 0);
  CHECK(hex_value('a') == 10);
  CHECK(hex_value('F') == 15);
}
