// See never_matches.h.
#include "conf/never_matches.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "conf/diagnostic.h"
#include "conf/host_regex.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::size_t kMostText = 256;  // of a pattern; longer ones are not read
constexpr std::string_view kLines = "headers are searched line by line, as `Name: value`";
constexpr std::string_view kPaths = "`URL` sees the path and query only, which begin with `/`";

constexpr auto kSchemes = std::to_array<std::string_view>(
    {"https?://", "http(s)?://", "(http|https)://", "(https|http)://", "https://", "http://"});

bool is_special(char c) { return std::string_view("()[]{}|^$*+?").find(c) != std::string::npos; }

// What a pattern surely has at its beginning.
struct Beginning {
  bool is_anchored = false;
  std::string_view body;  // the pattern without `(?i)` and `^`
  std::string run;        // plain characters at the beginning of `body`
  std::string_view rest;  // of `body`, after them
};

// The plain character at the beginning of `text`, and how long it is there; 0: there is none. A
// bare dot counts as a dot, which is what its author meant.
std::size_t take_plain(std::string_view text, char& c) {
  if (text.empty()) return 0;
  c = text[0];
  if (c == '\\' && text.size() > 1 && !is_letter_or_digit(text[1])) {
    c = text[1];
    return 2;
  }
  if (c == '[' && text.size() > 2 && text[2] == ']' && text[1] != '\\' && text[1] != '^') {
    c = text[1];
    return 3;
  }
  return c == '\\' || is_special(c) ? 0 : 1;
}

// Whether what stands before `rest` may be absent or repeated, so that it is not sure.
bool is_optional(std::string_view rest) {
  return rest.starts_with('?') || rest.starts_with('*') || rest.starts_with('{');
}

Beginning read_beginning(std::string_view pattern) {
  Beginning made;
  if (pattern.starts_with("(?i)")) pattern.remove_prefix(4);
  made.is_anchored = pattern.starts_with('^');
  if (made.is_anchored) pattern.remove_prefix(1);
  made.body = made.rest = pattern;
  char c = 0;
  while (const std::size_t size = take_plain(made.rest, c)) {
    const std::string_view after = made.rest.substr(size);
    const bool is_any = made.rest[0] == '.' && after.starts_with('+');
    if (is_optional(after) || is_any) break;
    made.run += c;
    made.rest = after;
    if (after.starts_with('+')) break;
  }
  return made;
}

// Whether a `|` outside of groups and classes makes other beginnings possible.
bool has_choice(std::string_view pattern) {
  int depth = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[') {
      i = std::min(pattern.find(']', i + 2), pattern.size());
    } else if (pattern[i] == '(') {
      ++depth;
    } else if (pattern[i] == ')') {
      --depth;
    } else if (pattern[i] == '|' && depth == 0) {
      return true;
    }
  }
  return false;
}

// "`KEY: 'pattern'`"; empty when the pattern cannot be written so.
std::string line_of(std::string_view key, const std::string& pattern) {
  if (pattern.find_first_of("'`") != std::string::npos || has_control_byte(pattern)) return "";
  return "`" + std::string(key) + ": '" + pattern + "'`";
}

std::string write(const std::string& line) { return line.empty() ? "" : "; write " + line; }

std::string without_end(std::string_view body) {
  take_end_anchor(body);
  return std::string(body);
}

std::string_view trim_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::string no_such_line(const Beginning& pattern, std::string_view key) {
  const std::size_t colon = pattern.run.find(':');
  const std::string_view name = std::string_view(pattern.run).substr(0, colon);
  const std::string_view trimmed = trim_end(name);
  if (colon != std::string::npos && trimmed.size() < name.size() && is_token(trimmed)) {
    const std::size_t mark = pattern.body.find(':');
    return "no blank stands between the name of a header and its colon" +
           write(line_of(
               key, "^" + std::string(trimmed) +
                        std::string(pattern.body.substr(std::min(mark, pattern.body.size())))));
  }
  if (!pattern.is_anchored) return "";
  if (colon != std::string::npos) {
    if (is_token(name)) return "";
    return std::string(kLines) + ", and no name is `" + shown(name) + "`";
  }
  const std::string body = without_end(pattern.body);
  // Only a name itself: `^.*` may stand for the name of a header, and so may `^User.Agent`.
  const bool is_sure = body.size() < pattern.body.size() || body.starts_with("www.") ||
                       body.find("\\.") != std::string::npos ||
                       body.find("[.]") != std::string::npos;
  const bool is_name = !pattern.run.empty() || body.starts_with('(');
  const bool has_colon = body.find(':') != std::string::npos;
  const auto hosts = is_sure && is_name && !has_colon ? hosts_meant_by(body) : std::nullopt;
  if (hosts && key == "HeadRequire") {
    return std::string(kLines) + "; " + host_advice(*hosts);
  }
  if (pattern.run.starts_with('/')) {
    const std::string advice =
        key == "HeadRequire" ? write(line_of("URL", "^" + std::string(pattern.body))) : "";
    return std::string(kLines) + ", and no name begins with `/`" + advice;
  }
  const bool is_whole = pattern.rest == "$";
  if (!pattern.run.empty() && (is_whole || !is_token(pattern.run))) {
    return std::string(kLines) + ", and none is or begins with `" + shown(pattern.run) + "`";
  }
  return "";
}

// The keys to write for a pattern of host and path: "`Host: www.example.com` and `URL: '^/a'`".
std::string host_and_path(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto hosts = hosts_meant_by(without_end(text.substr(0, slash)));
  if (!hosts) return "";
  const std::string advice = "; " + host_advice(*hosts);
  const std::string path = slash == std::string_view::npos ? "" : std::string(text.substr(slash));
  if (path.empty() || path == "/" || path == "/.*") return advice;
  const std::string line = line_of("URL", "^" + path);
  return line.empty() ? "" : advice + ", and " + line;
}

std::string no_such_url(const Beginning& pattern) {
  if (pattern.run.find('#') != std::string::npos) {
    return "browsers keep what follows a `#` to themselves, so that no URL in a request has it";
  }
  if (!pattern.is_anchored) return "";
  std::string body(pattern.body);
  for (std::size_t at = 0; (at = body.find("\\/", at)) != std::string::npos; ++at)
    body.erase(at, 1);
  for (const std::string_view scheme : kSchemes) {
    if (!body.starts_with(scheme)) continue;
    return std::string(kPaths) + host_and_path(std::string_view(body).substr(scheme.size()));
  }
  if (body == "$") return std::string(kPaths) + write(line_of("URL", "^/$"));
  if (pattern.run.empty() || pattern.run[0] == '/' || pattern.run[0] == '*') return "";
  if (const std::string advice = host_and_path(body); !advice.empty()) {
    return std::string(kPaths) + advice;
  }
  const bool is_word = is_letter_or_digit(pattern.run[0]);
  return std::string(kPaths) + (is_word ? write(line_of("URL", "^/" + body)) : "");
}

}  // namespace

std::string never_matches(Condition::Kind kind, std::string_view pattern) {
  if (pattern.size() > kMostText || has_choice(pattern)) return "";
  const Beginning beginning = read_beginning(pattern);
  std::string why;
  switch (kind) {
    case Condition::Kind::url:
      why = no_such_url(beginning);
      break;
    case Condition::Kind::head_require:
      why = no_such_line(beginning, "HeadRequire");
      break;
    case Condition::Kind::head_deny:
      why = no_such_line(beginning, "HeadDeny");
      break;
  }
  return why.empty() ? "" : "nothing matches this: " + why;
}

}  // namespace conf
