// Texts with variables: see load_template.h.
#include "conf/load_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conf/diagnostic.h"
#include "conf/scalar.h"

namespace conf {

namespace {

struct Name {
  std::string_view text;
  Variable variable;
};
constexpr auto kNames = std::to_array<Name>({
    {"host", Variable::host},
    {"path", Variable::path},
    {"query", Variable::query},
    {"client", Variable::client},
    {"proto", Variable::proto},
    {"request_id", Variable::request_id},
    {"backend", Variable::backend},
});

bool is_of_name(char c) { return is_letter_or_digit(c) || c == '_'; }

// What stands behind a `$`: a name, one digit, or either of them in braces.
struct Word {
  std::string_view whole;  // with its braces
  std::string_view name;
};

Word word_of(std::string_view rest) {
  if (rest.starts_with('{')) {
    const std::size_t end = rest.find('}');
    if (end == std::string_view::npos) return {rest, {}};
    return {rest.substr(0, end + 1), rest.substr(1, end - 1)};
  }
  if (!rest.empty() && is_digit(rest[0])) return {rest.substr(0, 1), rest.substr(0, 1)};
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_of_name);
  const std::string_view name = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  return {name, name};
}

bool is_group(std::string_view name) {
  return name.size() == 1 && is_digit(name[0]) && name[0] != '0';
}

std::string listed(const KnownVariables& known) {
  std::string text;
  for (const Name& name : kNames) {
    if (std::ranges::find(known.names, name.variable) == known.names.end()) continue;
    text.append("$").append(name.text).append(", ");
  }
  if (known.groups != 0) text += "$1 to $9, ";
  return text + "and $$ for a dollar sign";
}

std::string unknown(std::string_view word, std::size_t at, const KnownVariables& known) {
  return "`$" + shown(word) + "` at byte " + std::to_string(at + 1) +
         " of it is not a variable; known are " + listed(known);
}

// The variable that `name` stands for; nothing, and why, when it may not stand here.
std::optional<TemplatePart> part_of(const Word& word, std::size_t at, const KnownVariables& known,
                                    std::string& error) {
  if (is_group(word.name) && known.groups != 0) {
    const auto group = static_cast<unsigned>(word.name[0] - '0');
    if (group <= known.groups) {
      return TemplatePart{.text = {}, .variable = Variable::capture, .capture = group};
    }
    error = "`$" + std::string(word.name) + "` at byte " + std::to_string(at + 1) + " of it: `" +
            std::string(known.groups_of) + "` has " + std::to_string(known.groups) +
            (known.groups == 1 ? " group" : " groups");
    return std::nullopt;
  }
  const auto name = std::ranges::find(kNames, word.name, &Name::text);
  if (name != kNames.end() && std::ranges::find(known.names, name->variable) != known.names.end()) {
    return TemplatePart{.text = {}, .variable = name->variable};
  }
  error = unknown(word.whole, at, known);
  return std::nullopt;
}

}  // namespace

std::optional<Template> parse_template(std::string_view text, const KnownVariables& known,
                                       std::string& error) {
  Template made;
  std::string fixed;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      fixed += text[i++];
      continue;
    }
    if (text.substr(i + 1).starts_with('$')) {
      fixed += '$';
      i += 2;
      continue;
    }
    const Word word = word_of(text.substr(i + 1));
    std::optional<TemplatePart> part = part_of(word, known.begin + i, known, error);
    if (!part) return std::nullopt;
    part->text = std::move(fixed);
    fixed.clear();
    made.parts.push_back(std::move(*part));
    i += 1 + word.whole.size();
  }
  if (!fixed.empty()) made.parts.push_back({.text = std::move(fixed)});
  return made;
}

bool is_variable_name(std::string_view name) {
  return std::ranges::find(kNames, name, &Name::text) != kNames.end();
}

bool has_variables(std::string_view text) {
  for (std::size_t i = text.find('$'); i != std::string_view::npos; i = text.find('$', i + 2)) {
    if (!text.substr(i + 1).starts_with('$')) return true;
  }
  return false;
}

}  // namespace conf
