// See yaml_advice.h.
#include "conf/yaml_advice.h"

#include <algorithm>

#include "conf/diagnostic.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::size_t kMostValue = 48;  // bytes of a value that a message repeats

bool is_in_address(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f') || c == ':' || c == '.' ||
         c == '/';
}

// The word of the characters of an IPv6 address around `offset`.
std::string_view word_at(std::string_view text, std::size_t offset, std::size_t& begin) {
  begin = std::min(offset, text.size());
  std::size_t end = begin;
  while (begin > 0 && is_in_address(text[begin - 1])) --begin;
  while (end < text.size() && is_in_address(text[end])) ++end;
  return text.substr(begin, end - begin);
}

std::optional<YamlAdvice> unquoted_address(std::string_view text, std::size_t offset) {
  std::size_t begin = 0;
  const std::string_view word = word_at(text, offset, begin);
  if (word.find("::") == std::string_view::npos || word.size() > kMostValue) return std::nullopt;
  std::string message = "an IPv6 address needs quotes here; write \"" + std::string(word) + "\"";
  constexpr std::string_view kList = "Address: [";
  if (text.substr(0, begin).ends_with(kList)) message += " without the brackets";
  return YamlAdvice{begin, message};
}

struct Slip {
  std::size_t begin = 0;  // of the key, in the line
  std::string_view key;
  std::string_view value;
};

std::string_view without_comment(std::string_view text) {
  text = text.substr(0, text.find(" #"));
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

// A line such as "  - Address:127.0.0.1".
std::optional<Slip> slip_in(std::string_view line) {
  std::size_t at = 0;
  const auto skip_blanks = [&] { at = std::min(line.find_first_not_of(" \t", at), line.size()); };
  skip_blanks();
  while (line.substr(at).starts_with("- ")) {
    at += 2;
    skip_blanks();
  }
  if (line.substr(at).starts_with('&')) {
    at = std::min(line.find(' ', at), line.size());
    skip_blanks();
  }
  std::size_t end = at;
  while (end < line.size() && is_letter_or_digit(line[end])) ++end;
  const bool is_slip = end > at && !is_digit(line[at]) && end + 1 < line.size() &&
                       line[end] == ':' && line[end + 1] != ' ' && line[end + 1] != '\t' &&
                       line[end + 1] != '\r';
  if (!is_slip) return std::nullopt;
  return Slip{at, line.substr(at, end - at), without_comment(line.substr(end + 1))};
}

std::string message_of(const Slip& slip) {
  std::string message = "a blank is missing after `" + std::string(slip.key) + ":`";
  if (slip.key.size() + slip.value.size() > kMostValue || slip.value.find('`') != slip.value.npos) {
    return message;
  }
  return message + "; write `" + std::string(slip.key) + ": " + shown(slip.value) + "`";
}

std::size_t line_begin(std::string_view text, std::size_t offset) {
  const std::size_t before = offset == 0 ? text.npos : text.find_last_of("\r\n", offset - 1);
  return before == text.npos ? 0 : before + 1;
}

// In the line of `offset`, or in the one before it, which the parser joined with it.
std::optional<YamlAdvice> missing_blank(std::string_view text, std::size_t offset) {
  std::size_t begin = line_begin(text, std::min(offset, text.size()));
  for (int line = 0; line < 2; ++line) {
    const std::size_t end = text.find_first_of("\r\n", begin);
    if (const auto slip = slip_in(text.substr(begin, end - begin))) {
      return YamlAdvice{begin + slip->begin, message_of(*slip)};
    }
    if (begin == 0) break;
    const bool is_crlf = begin > 1 && text.substr(begin - 2, 2) == "\r\n";
    begin = line_begin(text, begin - (is_crlf ? 2 : 1));
  }
  return std::nullopt;
}

}  // namespace

std::optional<YamlAdvice> yaml_advice(std::string_view text, std::size_t offset) {
  if (auto advice = unquoted_address(text, offset)) return advice;
  return missing_blank(text, offset);
}

std::string missing_blank_in(std::string_view value) {
  const auto slip = slip_in(value);
  return slip && slip->begin == 0 ? message_of(*slip) : "";
}

}  // namespace conf
