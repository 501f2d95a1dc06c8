// See regex.h.
#include "master/convert/regex.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "conf/pattern.h"
#include "conf/scalar.h"

namespace master::convert {
namespace {

constexpr std::string_view kSpecial = "\\.+*?()[]{}|^$";

struct GnuEscape {
  char letter;
  std::string_view re2;
};
constexpr auto kGnuEscapes =
    std::to_array<GnuEscape>({{'<', "\\b"}, {'>', "\\b"}, {'`', "\\A"}, {'\'', "\\z"}});

bool is_name_char(char c) { return conf::is_letter_or_digit(c) || c == '-' || c == '_'; }

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!conf::equal_ignoring_case(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Copies a class such as [^]a-z[:digit:]] to `out`, and returns the offset behind it.
std::size_t copy_class(std::string_view text, std::size_t at, Regex& out) {
  const std::size_t begin = at;
  ++at;
  if (at < text.size() && text[at] == '^') ++at;
  if (at < text.size() && text[at] == ']') ++at;
  while (at < text.size() && text[at] != ']') {
    if (text.substr(at, 2) == "[:") {
      const std::size_t end = text.find(":]", at + 2);
      at = end == std::string_view::npos ? at + 1 : end + 2;
    } else if (text[at] == '\\' && at + 1 < text.size()) {
      out.change = "a backslash in brackets escapes, as in PCRE";
      at += 2;
    } else {
      ++at;
    }
  }
  at = std::min(at + 1, text.size());
  out.text += text.substr(begin, at - begin);
  return at;
}

std::size_t copy_escape(std::string_view text, std::size_t at, Regex& out) {
  for (const GnuEscape& escape : kGnuEscapes) {
    if (at + 1 == text.size() || text[at + 1] != escape.letter) continue;
    out.text += escape.re2;
    out.change = "`" + std::string(text.substr(at, 2)) + "` is `" + std::string(escape.re2) + "`";
    return at + 2;
  }
  out.text += text.substr(at, 2);
  return std::min(at + 2, text.size());
}

}  // namespace

Regex to_re2(std::string_view posix, bool ignores_case) {
  Regex out;
  if (ignores_case) out.text = "(?i)";
  for (std::size_t at = 0; at < posix.size();) {
    if (posix[at] == '[') {
      at = copy_class(posix, at, out);
    } else if (posix[at] == '\\') {
      at = copy_escape(posix, at, out);
    } else {
      out.text += posix[at++];
    }
  }
  conf::Pattern::compile(out.text, conf::Pattern::Case::sensitive, out.error);
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string header_name(std::string_view pattern) {
  const bool is_anchored = take_prefix(pattern, "^");
  const std::size_t length =
      static_cast<std::size_t>(std::ranges::find_if_not(pattern, is_name_char) - pattern.begin());
  std::string name(pattern.substr(0, length));
  std::string_view rest = pattern.substr(length);
  if (name.empty()) return "";
  const auto is_anything = [](std::string_view text) {
    return text.empty() || text == ".*" || text == ".*$" || text == " .*" || text == " .*$";
  };
  if (rest.starts_with(':')) return is_anything(rest.substr(1)) ? name : "";
  const bool is_open = rest == ".*" || rest == ".*$" || rest == ".*:" || rest == ".*:.*" ||
                       rest == "[^:]*:" || rest == "[^:]*:.*";
  if (is_open) return name + '*';
  if (!rest.empty()) return "";
  return is_anchored ? name + '*' : name;
}

std::string host_of(std::string_view pattern) {
  take_prefix(pattern, "^");
  if (!take_prefix(pattern, "Host:")) return "";
  while (take_prefix(pattern, ".*") || take_prefix(pattern, "[ \t]*") ||
         take_prefix(pattern, "[[:space:]]*") || take_prefix(pattern, "\\s*") ||
         take_prefix(pattern, " ") || take_prefix(pattern, "*")) {
  }
  while (pattern.ends_with(".*") || pattern.ends_with('$')) {
    pattern.remove_suffix(pattern.ends_with('$') ? 1 : 2);
  }
  std::string host;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern.substr(at, 2) == "\\.") ++at;
    if (!is_name_char(pattern[at]) && pattern[at] != '.') return "";
    host += pattern[at];
  }
  const bool is_host =
      host.find('.') != std::string::npos && !host.starts_with('.') && !host.ends_with('.');
  return is_host ? conf::to_lower(host) : "";
}

}  // namespace master::convert
