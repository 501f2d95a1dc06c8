// Host patterns that match more hosts than they name: see host_pattern.h.
//
// Reads a regular expression only far enough to see dots, escapes, classes and anchors. In doubt
// there is no warning.
#include "conf/host_pattern.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "conf/host_regex.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::string_view kHeader = "host:";
constexpr std::string_view kAnything = ".*";

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!equal_ignoring_case(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

void skip_blanks(std::string_view& text) {
  while (take_prefix(text, " ") || take_prefix(text, "\\s") || take_prefix(text, "[ \t]") ||
         (!text.starts_with("*.") && take_prefix(text, "*")) || take_prefix(text, "+") ||
         take_prefix(text, "?")) {
  }
}

bool is_host_char(char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; }

struct Dots {
  bool bare = false;     // a `.` between letters of a name, which matches any byte
  bool escaped = false;  // a `\.` or a `[.]`
};

Dots find_dots(std::string_view text) {
  Dots dots;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      dots.escaped = dots.escaped || text.substr(i, 2) == "\\.";
      ++i;
    } else if (text[i] == '[') {
      dots.escaped = dots.escaped || text.substr(i, 3) == "[.]";
      i = std::min(text.find(']', i), text.size());
    } else if (text[i] == '.' && i > 0 && i + 1 < text.size()) {
      dots.bare = dots.bare || (is_host_char(text[i - 1]) && is_host_char(text[i + 1]));
    }
  }
  return dots;
}

std::string joined(const std::vector<std::string_view>& reasons) {
  std::string out;
  for (const std::string_view reason : reasons)
    out += (out.empty() ? "" : ", ") + std::string(reason);
  return out;
}

}  // namespace

std::string host_pattern_warning(std::string_view pattern) {
  std::string_view rest = pattern;
  take_prefix(rest, "(?i)");
  const bool begins = take_prefix(rest, "^");
  if (!take_prefix(rest, kHeader)) return "";
  const bool ends = take_end_anchor(rest);
  skip_blanks(rest);
  const Dots dots = find_dots(rest);
  if (!dots.bare && !dots.escaped) return "";
  const std::optional<MeantHosts> meant = hosts_meant_by(rest);
  const std::string advice = meant ? "; " + host_advice(*meant) : "";
  if (rest.starts_with("*.")) return "`*` repeats what is before it, and is no name" + advice;

  std::vector<std::string_view> reasons;
  const bool open = rest.size() > kAnything.size() && rest.starts_with(kAnything) &&
                    is_host_char(rest[kAnything.size()]);
  if (!begins) reasons.push_back("no `^` begins it");
  if (open) reasons.push_back("`.*` stands before the name");
  if (dots.bare) reasons.push_back("a bare `.` is any character");
  if (!ends) reasons.push_back("no `$` ends it");
  if (reasons.empty()) return "";
  const std::string message = "this matches more hosts than it names: " + joined(reasons);
  return message + advice;
}

}  // namespace conf
