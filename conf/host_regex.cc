// See host_regex.h.
#include "conf/host_regex.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "conf/host_name.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::size_t kMostNames = 8;
constexpr std::size_t kMostText = 256;  // of an expression
constexpr int kMostDepth = 8;           // of groups

// Forms of "and perhaps a port" at the end. The key Host ignores ports.
constexpr auto kPorts =
    std::to_array<std::string_view>({"(:[0-9]+)?", "(:[0-9]*)?", "(:\\d+)?", "(?::[0-9]+)?",
                                     "(?::\\d+)?", "(:.*)?", ":?[0-9]*", ":*[0-9]*", ".*"});
// Forms of "any names before this one". The longest come first.
constexpr auto kBelow = std::to_array<std::string_view>(
    {"[^.]+\\.", "[^.]*\\.", ".+\\.", ".*\\.", ".*[.]", ".+[.]", ".*.", "*."});

using Names = std::vector<std::string>;

// Replaces each name by itself with each of `ends`. False when there are too many.
bool append(Names& names, const Names& ends) {
  Names made;
  for (const std::string& name : names) {
    for (const std::string& end : ends) made.push_back(name + end);
  }
  names = std::move(made);
  return names.size() <= kMostNames;
}

// The names that an expression without loops stands for.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<Names> read() {
    std::optional<Names> names = read_choice(0);
    if (!names || !rest_.empty()) return std::nullopt;
    return names;
  }

 private:
  bool take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  std::optional<Names> read_choice(int depth) {
    Names all;
    do {
      const std::optional<Names> some = read_sequence(depth);
      if (!some || all.size() + some->size() > kMostNames) return std::nullopt;
      all.insert(all.end(), some->begin(), some->end());
    } while (take("|"));
    return all;
  }

  std::optional<Names> read_sequence(int depth) {
    Names names{""};
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      std::optional<Names> part = read_part(depth);
      if (!part) return std::nullopt;
      if (take("?")) part->emplace_back();
      if (!append(names, *part)) return std::nullopt;
    }
    return names;
  }

  std::optional<Names> read_part(int depth) {
    if (take("\\.") || take("[.]") || take(".")) return Names{"."};
    if (take("\\-")) return Names{"-"};
    if (take("(")) {
      take("?:");
      std::optional<Names> inner;
      if (depth < kMostDepth) inner = read_choice(depth + 1);
      return inner && take(")") ? inner : std::nullopt;
    }
    const char c = rest_.front();
    if (!is_letter_or_digit(c) && c != '-' && c != '_') return std::nullopt;
    rest_.remove_prefix(1);
    return Names{std::string(1, to_lower(c))};
  }

  std::string_view rest_;
};

template <class Forms>
bool take_first(std::string_view& text, const Forms& forms) {
  for (const std::string_view form : forms) {
    if (!text.starts_with(form)) continue;
    text.remove_prefix(form.size());
    return true;
  }
  return false;
}

void take_ports(std::string_view& text) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view form : kPorts) {
      if (!text.ends_with(form)) continue;
      text.remove_suffix(form.size());
      again = true;
    }
  }
}

std::string quoted(const std::string& name) {
  return name.starts_with('*') ? "\"" + name + "\"" : name;
}

std::string line_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + quoted(name);
  return "`Host: " + (names.size() == 1 ? list : "[" + list + "]") + "`";
}

}  // namespace

bool take_end_anchor(std::string_view& text) {
  if (!text.ends_with('$')) return false;
  std::size_t backslashes = 0;
  for (std::size_t i = text.size() - 1; i > 0 && text[i - 1] == '\\'; --i) ++backslashes;
  if (backslashes % 2 != 0) return false;
  text.remove_suffix(1);
  return true;
}

std::optional<MeantHosts> hosts_meant_by(std::string_view text) {
  if (text.size() > kMostText) return std::nullopt;
  take_ports(text);
  const bool is_below = take_first(text, kBelow);
  const bool is_open = !is_below && take_first(text, std::to_array<std::string_view>({".*", ".+"}));
  std::optional<Names> names = Reader(text).read();
  if (!names) return std::nullopt;
  MeantHosts meant{{}, is_open};
  for (const std::string& name : *names) {
    std::string host = (is_below ? "*." : "") + name;
    std::string ignored;
    if (name.find('.') == std::string::npos || !parse_host_name(host, ignored)) return std::nullopt;
    if (std::ranges::find(meant.names, host) == meant.names.end()) meant.names.push_back(host);
  }
  return meant;
}

std::string host_advice(const MeantHosts& meant) {
  std::string advice = "write " + line_of(meant.names);
  if (!meant.maybe_below) return advice;
  std::vector<std::string> all = meant.names;
  for (const std::string& name : meant.names) all.push_back("*." + name);
  return advice + ", or " + line_of(all) + " with all names below it";
}

}  // namespace conf
