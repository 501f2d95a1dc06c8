// See lexer.h.
#include "master/convert/lexer.h"

#include <array>
#include <cstdio>

#include "conf/utf8.h"

namespace master::convert {
namespace {

constexpr std::string_view kBlank = " \t\f\v";

bool is_blank(char c) { return kBlank.find(c) != std::string_view::npos; }

std::string hexadecimal(char byte) {
  std::array<char, 8> out{};
  std::snprintf(out.data(), out.size(), "\\x%02x", static_cast<unsigned>(byte) & 0xffu);
  return out.data();
}

// The number of bytes of the first character if YAML allows it in a text, else 0.
std::size_t allowed_length(std::string_view text) {
  char32_t character = 0;
  const std::size_t length = conf::decode_utf8(text, character);
  const bool is_none = character == 0xfffe || character == 0xffff;  // no characters in YAML
  const bool is_text = character == U'\t' || conf::is_printable(character);
  return is_text && !is_none ? length : 0;
}

// A quote ends a text if only blanks, a comment or the next word follow it: `"a"b"` is `a"b`.
std::size_t end_of_text(std::string_view line, std::size_t begin) {
  for (std::size_t at = begin; at < line.size(); ++at) {
    if (line[at] != '"') continue;
    std::size_t backslashes = 0;
    while (at - backslashes > begin && line[at - backslashes - 1] == '\\') ++backslashes;
    if (backslashes % 2 != 0) continue;
    if (at + 1 == line.size() || is_blank(line[at + 1]) || line[at + 1] == '#') return at;
  }
  return std::string_view::npos;
}

void check_characters(std::string_view line, std::size_t begin, std::size_t end) {
  for (std::size_t at = begin; at < end;) {
    const std::size_t length = allowed_length(line.substr(at));
    if (length == 0) {
      throw LexError(at + 1, "the byte " + hexadecimal(line[at]) +
                                 " is no part of a printable text; expected UTF-8");
    }
    at += length;
  }
}

}  // namespace

Line read_line(std::string_view line) {
  Line out;
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) return out;
    if (line[at] == '#') {
      out.comment = comment_text(line.substr(at + 1));
      return out;
    }
    const bool is_quoted = line[at] == '"';
    const std::size_t begin = is_quoted ? at + 1 : at;
    std::size_t end = begin;
    if (is_quoted) {
      end = end_of_text(line, begin);
      if (end == std::string_view::npos) throw LexError(at + 1, "no quote ends this text");
    } else {
      while (end < line.size() && !is_blank(line[end])) ++end;
    }
    check_characters(line, begin, end);
    out.words.push_back({std::string(line.substr(begin, end - begin)), is_quoted});
    at = is_quoted ? end + 1 : end;
  }
}

std::string comment_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = allowed_length(text);
    out += length == 0 ? hexadecimal(text.front()) : std::string(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  while (!out.empty() && is_blank(out.back())) out.pop_back();
  return out;
}

}  // namespace master::convert
