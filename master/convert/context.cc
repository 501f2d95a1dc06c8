// See context.h.
#include "master/convert/context.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conf/diagnostic.h"
#include "conf/scalar.h"

namespace master::convert {
namespace {

constexpr std::size_t kMostAnchor = 60;

constexpr auto kTrue = std::to_array<std::string_view>({"1", "yes", "true", "on"});
constexpr auto kFalse = std::to_array<std::string_view>({"0", "no", "false", "off"});

bool has(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// Those of a section, too, as far as they have no place yet.
void add_comments(Yaml& section, Directive& directive) {
  for (const std::string& comment : std::exchange(directive.comments, {})) section.comment(comment);
  for (Directive& child : directive.children) add_comments(section, child);
  for (const std::string& comment : std::exchange(directive.trailing_comments, {})) {
    section.comment(comment);
  }
}

void add_reason(Yaml& section, const Directive& directive) {
  if (directive.why.empty()) return;
  const bool is_left_out = directive.fate == Fate::left_out;
  section.remark((is_left_out ? "Left out: " : "") + directive.text() + ": " + directive.why);
}

}  // namespace

std::string Context::take_anchor(std::string_view wish) {
  std::string name;
  for (const char c : wish.substr(0, kMostAnchor)) {
    const bool is_fit = conf::is_letter_or_digit(c) || c == '_';
    if (is_fit) name += conf::to_lower(c);
    if (!is_fit && !name.empty() && name.back() != '-') name += '-';
  }
  while (name.ends_with('-')) name.pop_back();
  if (name.empty()) name = "unnamed";
  std::string made = name;
  for (int number = 2; !anchors.insert(made).second; ++number) {
    made = name + "-" + std::to_string(number);
  }
  return made;
}

bool put(Yaml& section, Part part, Directive& directive, std::string_view key, Yaml value) {
  if (section.find(key) != nullptr) {
    directive.leave_out("an earlier line has set " + std::string(key));
  } else if (value.kind() != Yaml::Kind::plain) {
    const std::string error = objection(part, key, value);
    if (!error.empty()) directive.leave_out(error);
  }
  add_comments(section, directive);
  add_reason(section, directive);
  if (directive.fate == Fate::left_out) return false;
  directive.carry();
  section.add(key, std::move(value));
  return true;
}

bool put_item(Yaml& section, Part part, Directive& directive, std::string_view key,
              std::string_view text) {
  Yaml* const old = section.find(key);
  if (old == nullptr) return put(section, part, directive, key, Yaml::text(text));
  const std::string error = objection(part, key, Yaml::text(text));
  if (!error.empty()) directive.leave_out(error);
  if (old->kind() != Yaml::Kind::list) {
    Yaml list = Yaml::list();
    list.add("", std::move(*old));
    *old = std::move(list);
  }
  add_comments(*old, directive);
  add_reason(*old, directive);
  if (directive.fate == Fate::left_out) return false;
  directive.carry();
  old->add("", Yaml::text(text));
  return true;
}

void put_remark(Yaml& section, Directive& directive) {
  add_comments(section, directive);
  add_reason(section, directive);
}

bool put_key(std::span<const Key> keys, Yaml& section, Part part, Directive& directive) {
  const auto key = std::ranges::find(keys, directive.name, &Key::name);
  if (key == keys.end()) return false;
  std::optional<Yaml> value;
  if (key->shape == Key::Shape::text) {
    if (const auto text = text_of(directive)) value = Yaml::text(*text);
  } else if (key->shape == Key::Shape::number) {
    if (const auto number = number_of(directive, key->least, key->most)) {
      value = Yaml::number(*number);
    }
  } else if (const auto truth = truth_of(directive)) {
    value = Yaml::plain(*truth ? "true" : "false");
  }
  if (value) {
    put(section, part, directive, key->key, std::move(*value));
  } else {
    put_remark(section, directive);
  }
  return true;
}

bool drop(std::span<const NoKey> no_keys, Yaml& section, Directive& directive) {
  const auto found = std::ranges::find(no_keys, directive.name, &NoKey::name);
  if (found == no_keys.end()) return false;
  const bool is_off = directive.is("dynscale") && !truth_of(directive).value_or(true);
  if (is_off) directive.carry();
  if (!is_off) directive.leave_out(found->why);
  for (Directive& child : directive.children) child.leave_out("part of a section that is left out");
  put_remark(section, directive);
  return true;
}

void put_unknown(Yaml& section, Directive& directive) {
  const bool is_included = directive.is("include") && directive.fate != Fate::unknown;
  if (!is_included) directive.leave_out("pound-convert knows no such directive in this section");
  for (Directive& child : directive.children) child.leave_out("part of a section that is left out");
  put_remark(section, directive);
}

std::optional<std::string> text_of(Directive& directive) {
  if (directive.arguments() == 1 && !directive.argument().empty()) return directive.argument();
  directive.leave_out("expected one value");
  return std::nullopt;
}

std::optional<std::size_t> number_of(Directive& directive, std::size_t least, std::size_t most) {
  const std::optional<std::string> text = text_of(directive);
  if (!text) return std::nullopt;
  const std::optional<std::int64_t> number = conf::parse_whole_number(*text);
  if (!number) {
    directive.leave_out("expected a whole number");
    return std::nullopt;
  }
  const auto value = static_cast<std::size_t>(*number);
  const std::size_t nearest = std::clamp(value, least, most);
  if (nearest != value) {
    directive.change("Pound allows " + std::to_string(least) + " to " + std::to_string(most));
  }
  return nearest;
}

std::optional<bool> truth_of(Directive& directive) {
  const std::string text = conf::to_lower(directive.argument());
  if (directive.arguments() == 1 && has(kTrue, text)) return true;
  if (directive.arguments() == 1 && has(kFalse, text)) return false;
  directive.leave_out("expected 0 or 1");
  return std::nullopt;
}

bool has_socket(const Directive& section) {
  return std::ranges::any_of(section.children, [](const Directive& child) {
    return child.is("address") && child.argument().starts_with('/');
  });
}

void put_port(Yaml& section, Part part, Directive& directive, bool has_socket) {
  if (has_socket) {
    directive.leave_out("a Unix socket has no port");
    return put_remark(section, directive);
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kServices{
      {{"http", "80"}, {"https", "443"}}};
  for (const auto& [name, port] : kServices) {
    if (!conf::equal_ignoring_case(directive.argument(), name)) continue;
    put(section, part, directive, "Port", Yaml::plain(port));
    return;
  }
  const auto number = number_of(directive, 1, 65535);
  if (!number) return put_remark(section, directive);
  put(section, part, directive, "Port", Yaml::number(*number));
}

std::vector<std::string> networks_of(Directive& section) {
  std::vector<std::string> networks;
  for (Directive& line : section.children) {
    if (line.words.size() == 1) {
      networks.push_back(line.words.front().text);
      line.carry();
    } else {
      line.leave_out("expected one address or network");
    }
  }
  return networks;
}

std::optional<std::vector<std::string>> access_list_of(Context& context, Directive& directive) {
  if (directive.is_section) return networks_of(directive);
  const auto found = context.access_lists.find(conf::to_lower(directive.argument()));
  if (found != context.access_lists.end()) return found->second;
  directive.leave_out("there is no access list of this name");
  return std::nullopt;
}

}  // namespace master::convert
