// A mapping of the file, checked against its schema: see section.h.
//
// All messages about the form of a value come from here, so that they have one wording. The loaders
// judge what a value means.
#include "conf/section.h"

#include <algorithm>

#include "conf/scalar.h"
#include "conf/suggest.h"
#include "conf/yaml_advice.h"

namespace conf {

namespace {

std::string in_code(std::string_view name) { return "`" + shown(name) + "`"; }

bool is_list_shape(Shape shape) {
  return shape == Shape::texts || shape == Shape::entries || shape == Shape::section ||
         shape == Shape::sections || shape == Shape::backends || shape == Shape::mappings;
}

bool may_be_mapping(Shape shape) {
  return shape == Shape::policy || shape == Shape::target || shape == Shape::toggle ||
         shape == Shape::mapping || shape == Shape::code;
}

bool fits_item(Shape list, const Node& item) {
  if (list == Shape::backends) return true;  // any node; load_service finds the backend
  if (item.is(Node::Kind::scalar)) return list == Shape::texts || list == Shape::entries;
  return item.is(Node::Kind::mapping) && list != Shape::texts;
}

bool is_text_item(Shape list, const Node& item) {
  return item.is(Node::Kind::scalar) && (list == Shape::texts || list == Shape::entries);
}

// Such a key may stand at the wrong place rather than be misspelt: its value tells nothing then.
bool is_key_elsewhere(std::string_view name) {
  return std::ranges::any_of(
      all_schemas(), [&](const Schema* schema) { return find_key(*schema, name).key != nullptr; });
}

// What to write instead, when a text or a list was probably meant.
std::string advice_for(Shape shape, const Node& value) {
  const bool text = shape == Shape::text || shape == Shape::texts;
  if (text && value.is(Node::Kind::mapping)) return "; put the whole text in quotes";
  if (value.is(Node::Kind::sequence) && value.children.size() == 1) {
    const bool is_plain = shape == Shape::text || shape == Shape::number ||
                          shape == Shape::seconds || shape == Shape::milliseconds ||
                          shape == Shape::bytes || shape == Shape::choice;
    if (is_plain && value.children[0]->is(Node::Kind::scalar)) return "; leave the brackets out";
  }
  if (value.is(Node::Kind::scalar)) {
    const std::string slip = missing_blank_in(as_written(value));
    if (!slip.empty()) return "; " + slip;
  }
  if (shape == Shape::sections && value.is(Node::Kind::mapping)) {
    return "; put `- ` before the first key of each";
  }
  return "";
}

}  // namespace

Section::Section(const Schema& schema, std::span<const Node* const> mappings, Position where,
                 Diagnostics& diagnostics)
    : schema_(schema), diagnostics_(diagnostics), where_(std::move(where)) {
  take_all(mappings);
}

Section::Section(const Schema& schema, const Node& mapping, Diagnostics& diagnostics)
    : schema_(schema), diagnostics_(diagnostics), where_(mapping.where) {
  const Node* const only = &mapping;
  take_all({&only, 1});
}

const Section::Member* Section::find(std::string_view key) const {
  for (const Member& member : members_) {
    if (member.key->name == key) return &member;
  }
  return nullptr;
}

std::int64_t Section::number(std::string_view key, std::int64_t fallback) const {
  const Member* member = find(key);
  return member == nullptr ? fallback : member->number;
}

bool Section::reported(std::string_view key) const {
  return reported_.contains(find_key(schema_, key).key);
}

std::span<const Node* const> Section::items(std::string_view key) const {
  const Member* member = find(key);
  if (member == nullptr) return {};
  return member->items;
}

void Section::take_all(std::span<const Node* const> mappings) {
  for (const Node* mapping : mappings) {
    for (std::size_t i = 0; i + 1 < mapping->children.size(); i += 2) {
      given_.insert(find_key(schema_, mapping->children[i]->text).key);
    }
  }
  for (const Node* mapping : mappings) take_mapping(*mapping);
  report_all_missing();
}

void Section::take_mapping(const Node& mapping) {
  for (std::size_t i = 0; i + 1 < mapping.children.size(); i += 2) {
    const Node& name = *mapping.children[i];
    if (name.is(Node::Kind::scalar)) take(name, *mapping.children[i + 1]);
  }
}

void Section::take(const Node& name, const Node& written) {
  const Match match = find_key(schema_, name.text);
  if (match.key == nullptr) return take_unknown(name, written);
  const auto [first, is_new] = first_.emplace(given(match, name), &name);
  if (!is_new) return refuse_again(name, *first->second);
  add(match, written, name.text);
}

// At the top level, each file may give a key.
Section::Given Section::given(const Match& match, const Node& name) const {
  return {match.key, match.number, &schema_ == &top_schema() ? name.where.file.get() : nullptr};
}

void Section::take_unknown(const Node& name, const Node& written) {
  if (diagnostics_.full()) return;
  diagnostics_.error(name.where, unknown_key(schema_, name.text));
  const Key* const meant = nearest_key(schema_, name.text);
  if (meant == nullptr) return;
  reported_.insert(meant);
  const bool has_value = name.text.find(':') == std::string::npos;  // it is in the name otherwise
  if (!has_value || is_key_elsewhere(name.text) || given_.contains(meant) ||
      !first_.emplace(given({meant, 0}, name), &name).second)
    return;
  add({meant, 0}, written, meant->name);
}

// Adds the member if the value fits the key.
void Section::add(const Match& match, const Node& written, std::string_view name) {
  const Node& value = follow(written);
  if (value.is(Node::Kind::null) && !match.key->required) return;
  Member member{match.key, match.number, &value, 0, {}, &written};
  if (check(member, written, name)) {
    keep(std::move(member));
  } else {
    reported_.insert(match.key);
  }
}

void Section::refuse_again(const Node& name, const Node& first) {
  const bool renamed = !equal_ignoring_case(name.text, first.text);
  diagnostics_.error(name.where,
                     in_code(name.text) +
                         (renamed ? ", another name of " + in_code(first.text) + "," : "") +
                         " is given twice");
  diagnostics_.note(first.where, "it is first given here");
}

void Section::keep(Member member) {
  for (Member& known : members_) {
    if (known.key != member.key || known.family_number != member.family_number) continue;
    known.items.insert(known.items.end(), member.items.begin(), member.items.end());
    return;
  }
  members_.push_back(std::move(member));
}

bool Section::check(Member& member, const Node& written, std::string_view name) {
  const Key& key = *member.key;
  if (member.value->is(Node::Kind::invalid)) return false;
  if (member.value->is(Node::Kind::null)) {
    mistyped(key, *member.value, name);
    return false;
  }
  if (may_be_mapping(key.shape) && member.value->is(Node::Kind::mapping)) return true;
  return is_list_shape(key.shape) ? check_list(member, written, name) : check_scalar(member, name);
}

bool Section::check_scalar(Member& member, std::string_view name) {
  const Key& key = *member.key;
  if (!member.value->is(Node::Kind::scalar) || key.shape == Shape::mapping) {
    mistyped(key, *member.value, name, advice_for(key.shape, *member.value));
    return false;
  }
  switch (key.shape) {
    case Shape::number:
    case Shape::seconds:
    case Shape::milliseconds:
    case Shape::bytes:
    case Shape::policy:
    case Shape::code:
      return check_number(member, name);
    case Shape::choice:
    case Shape::toggle:
      return check_choice(member, name);
    default:
      member.items.push_back(member.value);
      return check_text(key, *member.value, name);
  }
}

bool Section::check_text(const Key& key, const Node& value, std::string_view name) {
  const auto size = static_cast<std::int64_t>(value.text.size());
  if (size < key.low) {
    diagnostics_.error(value.where, in_code(name) + " is empty, expected " + expectation(key));
  } else if (size > key.high) {
    diagnostics_.error(value.where, in_code(name) + " is " + std::to_string(size) +
                                        " bytes long, expected at most " +
                                        std::to_string(key.high));
  } else if (key.shape != Shape::lines && has_control_byte(value.text)) {
    diagnostics_.error(value.where, in_code(name) + " has a line end or another control byte in " +
                                        describe(value) + ", expected " + expectation(key));
  } else {
    return true;
  }
  return false;
}

bool Section::check_number(Member& member, std::string_view name) {
  const Key& key = *member.key;
  const std::string& text = member.value->text;
  const std::optional<std::int64_t> number =
      key.shape == Shape::bytes ? parse_bytes(text) : parse_whole_number(text);
  if (number && *number >= key.low && *number <= key.high) {
    member.number = *number;
    return true;
  }
  const bool is_time =
      key.shape == Shape::seconds || key.shape == Shape::milliseconds || key.shape == Shape::policy;
  const bool unit = !number && is_time && !text.empty() && is_digit(text[0]);
  mistyped(key, *member.value, name, unit ? ", without a unit" : "");
  return false;
}

bool Section::check_choice(Member& member, std::string_view name) {
  for (const Choice& choice : member.key->choices) {
    if (!equal_ignoring_case(choice.word, member.value->text)) continue;
    member.number = choice.value;
    return true;
  }
  mistyped(*member.key, *member.value, name,
           did_you_mean(member.value->text, choice_words(*member.key)));
  return false;
}

bool Section::check_list(Member& member, const Node& written, std::string_view name) {
  const Key& key = *member.key;
  const Node& value = *member.value;
  if (!value.is(Node::Kind::sequence)) {
    // One item may stand for a list of one, except a mapping that nearly always lacks its `- `.
    if (key.shape == Shape::sections || !fits_item(key.shape, value)) {
      mistyped(key, value, name, advice_for(key.shape, value));
      return false;
    }
    if (is_text_item(key.shape, value) && !check_text(key, value, name)) return false;
    member.items.push_back(key.shape == Shape::backends ? &written : &value);
    return true;
  }
  for (const Node* item : value.children) {
    // Keeps the aliases of backends: the service loader reports them under their names.
    const Node& meant = key.shape == Shape::backends ? *item : follow(*item);
    if (check_item(key, meant, name)) member.items.push_back(&meant);
  }
  return true;
}

bool Section::check_item(const Key& key, const Node& item, std::string_view name) {
  if (item.is(Node::Kind::invalid)) return false;
  if (fits_item(key.shape, item)) {
    return !is_text_item(key.shape, item) || check_text(key, item, name);
  }
  const bool text = key.shape == Shape::texts || key.shape == Shape::entries;
  diagnostics_.error(item.where, "an item of " + in_code(name) + " is " + describe(item) +
                                     ", expected " + std::string(text ? key.noun : "a mapping") +
                                     advice_for(key.shape, item));
  return false;
}

void Section::mistyped(const Key& key, const Node& value, std::string_view name,
                       std::string_view advice) {
  diagnostics_.error(value.where, in_code(name) + " is " + describe(value) + ", expected " +
                                      expectation(key) + std::string(advice));
}

void Section::report_missing(std::string_view name) const {
  const Key& key = *find_key(schema_, name).key;
  if (reported_.contains(&key)) return;
  diagnostics_.error(
      where_, std::string(schema_.name) + " needs " + in_code(key.name) + ": " + expectation(key));
}

void Section::report_all_missing() const {
  for (const Key& key : schema_.keys) {
    if (key.required && !first_.contains({&key, 0, nullptr})) report_missing(key.name);
  }
}

}  // namespace conf
