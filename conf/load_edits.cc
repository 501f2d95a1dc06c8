// The keys Request and Reply: see load_edits.h.
//
// The keys of Set and Add are names of fields, so they are read here and not by a schema.
#include "conf/load_edits.h"

#include <array>
#include <map>
#include <string>
#include <utility>

#include "conf/load_template.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::size_t kMostValue = 4096;  // bytes as written
constexpr std::array kEditVariables{Variable::host,   Variable::path,  Variable::query,
                                    Variable::client, Variable::proto, Variable::request_id,
                                    Variable::backend};

std::string in_code(std::string_view text) { return "`" + shown(text) + "`"; }

// The name of a field; false when it was reported.
bool check_name(std::string_view key, const std::string& name, const Node& node,
                Diagnostics& diagnostics) {
  if (is_token(name)) return true;
  const std::string_view text = node.written.empty() ? std::string_view(name) : node.written;
  diagnostics.error(node.where,
                    in_code(key) + " has " + in_code(text) +
                        ", expected the name of a header, made of letters, digits and " +
                        std::string(kTokenMarks));
  return false;
}

std::vector<FieldEdits::Name> load_remove(const Section& section, Diagnostics& diagnostics) {
  std::vector<FieldEdits::Name> names;
  for (const Node* item : section.items("Remove")) {
    std::string name = item->text;
    const bool is_beginning = name.ends_with('*');
    if (is_beginning) name.pop_back();
    if (name.empty()) {
      diagnostics.error(item->where,
                        "`Remove` has `*`, which would be every header; expected the "
                        "name of a header, or a beginning such as `X-Foo-*`");
    } else if (name.find('*') != std::string::npos) {
      diagnostics.error(item->where, "`Remove` has " + in_code(as_written(*item)) +
                                         "; an asterisk stands at the end only, as in `X-Foo-*`");
    } else if (check_name("Remove", name, *item, diagnostics)) {
      names.push_back({std::move(name), is_beginning, item->where});
    }
  }
  return names;
}

class LinesLoader {
 public:
  LinesLoader(std::string_view key, Diagnostics& diagnostics)
      : key_(key), diagnostics_(diagnostics) {}

  std::vector<FieldEdits::Line> load(const Section& section, bool takes_lists) {
    const Section::Member* const member = section.find(key_);
    if (member == nullptr) return {};
    const std::vector<const Node*>& children = member->value->children;
    for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
      if (!children[i]->is(Node::Kind::scalar)) continue;  // the tree has reported it
      if (!takes_name(*children[i])) continue;
      const Node& value = follow(*children[i + 1]);
      if (takes_lists && value.is(Node::Kind::sequence)) {
        for (const Node* item : value.children) add(*children[i], follow(*item));
      } else {
        add(*children[i], value);
      }
    }
    return std::move(lines_);
  }

 private:
  bool takes_name(const Node& name) {
    if (!check_name(key_, name.text, name, diagnostics_)) return false;
    const auto [first, is_new] = first_.emplace(to_lower(name.text), &name);
    if (is_new) return true;
    diagnostics_.error(name.where, in_code(key_) + " has " + in_code(name.text) + " twice");
    diagnostics_.note(first->second->where, "it is first given here");
    return false;
  }

  void add(const Node& name, const Node& value) {
    if (value.is(Node::Kind::invalid)) return;
    const auto report = [&](const std::string& what) {
      diagnostics_.error(value.where, in_code(name.text) + " of " + in_code(key_) + " is " + what);
    };
    if (!value.is(Node::Kind::scalar)) return report(describe(value) + ", expected a text");
    if (value.text.size() > kMostValue) {
      return report(std::to_string(value.text.size()) + " bytes long, expected at most " +
                    std::to_string(kMostValue));
    }
    if (has_control_byte(value.text)) {
      return report(describe(value) + ", which has a line end or another control byte");
    }
    std::string error;
    std::optional<Template> made =
        parse_template(trim(value.text), {.names = kEditVariables}, error);
    if (!made) return report(describe(value) + "; " + fault_in(value, error));
    lines_.push_back({name.text, std::move(*made), name.where});
  }

  std::string_view key_;
  Diagnostics& diagnostics_;
  std::map<std::string, const Node*> first_;
  std::vector<FieldEdits::Line> lines_;
};

FieldEdits load_one(const Section& owner, std::string_view key, const Schema& schema,
                    Diagnostics& diagnostics) {
  const Section::Member* const member = owner.find(key);
  if (member == nullptr) return {};
  const Section section(schema, *member->value, diagnostics);
  return {.remove = load_remove(section, diagnostics),
          .set = LinesLoader("Set", diagnostics).load(section, false),
          .add = LinesLoader("Add", diagnostics).load(section, true)};
}

}  // namespace

Edits load_edits(const Section& owner, Diagnostics& diagnostics) {
  return {.request = load_one(owner, "Request", request_edits_schema(), diagnostics),
          .reply = load_one(owner, "Reply", reply_edits_schema(), diagnostics)};
}

}  // namespace conf
