// Host, Path, Methods, Query, Header and Not of a service: see load_matchers.h.
#include "conf/load_matchers.h"

#include <algorithm>
#include <string>
#include <utility>

#include "conf/host_name.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::size_t kMostNames = 64;  // of parameters or fields that one service asks about

class Loader {
 public:
  Loader(const Section& section, const CompilePattern& compile, Diagnostics& diagnostics)
      : section_(section), compile_(compile), diagnostics_(diagnostics) {}

  Matchers load() {
    Matchers matchers;
    for (const Node* item : items("Host")) add_host(*item, matchers);
    for (const Node* item : items("Path")) add_path(*item, matchers);
    for (const Node* item : items("Methods")) add_method(*item, matchers);
    add_named("Query", Pattern::Case::sensitive, matchers.query);
    add_named("Header", Pattern::Case::insensitive, matchers.fields);
    return matchers;
  }

 private:
  // An empty list would match no request, so it is a mistake.
  std::span<const Node* const> items(std::string_view key) {
    const Section::Member* const member = section_.find(key);
    if (member == nullptr) return {};
    if (member->items.empty() && member->value->children.empty()) {
      diagnostics_.error(
          member->value->where,
          "`" + std::string(key) + "` is an empty list, expected " + expectation(*member->key));
    }
    return member->items;
  }

  void refuse(const Node& item, std::string_view key, const std::string& why) {
    diagnostics_.error(item.where, "`" + std::string(key) + "` has " + describe(item) + "; " + why);
  }

  template <class List, class Item>
  void add_once(const Node& node, std::string_view key, List& list, Item item) {
    if (std::ranges::find(list, item) != list.end()) return refuse(node, key, "it is given twice");
    list.push_back(std::move(item));
  }

  void add_host(const Node& item, Matchers& matchers) {
    std::string error;
    const std::optional<HostName> host = parse_host_name(item.text, error);
    if (!host) return refuse(item, "Host", error);
    add_once(item, "Host", matchers.hosts, *host);
  }

  // What the normal form of a path never contains could not match.
  static std::string fault_of(std::string_view path) {
    if (!path.starts_with('/')) return "a path begins with `/`";
    if (path.find_first_of("?#") != std::string_view::npos) {
      return "write the path alone; a query belongs under `Query`";
    }
    if (path.find_first_of(";\\") != std::string_view::npos) {
      return "paths are compared in their normal form, which has no `;` and no backslash";
    }
    if (path.find_first_of("*^$") != std::string_view::npos) {
      return "this is the beginning of a path, no pattern; those belong under `URL`";
    }
    if (has_control_byte(path)) return "it has a control character";
    const std::string ended = std::string(path) + "/";
    for (const std::string_view part : {"//", "/./", "/../"}) {
      if (ended.find(part) < ended.size() - part.size()) {
        return "write it in its normal form, without `" + std::string(part) + "`";
      }
    }
    return "";
  }

  void add_path(const Node& item, Matchers& matchers) {
    const std::string fault = fault_of(item.text);
    if (!fault.empty()) return refuse(item, "Path", fault);
    std::string path = item.text;
    if (path.size() > 1 && path.ends_with('/')) path.pop_back();
    add_once(item, "Path", matchers.paths, std::move(path));
  }

  void add_method(const Node& item, Matchers& matchers) {
    if (!is_token(item.text)) {
      return refuse(item, "Methods", "expected a method such as `GET`");
    }
    const auto is_same = [&](const WantedMethod& one) { return one.name == item.text; };
    if (std::ranges::any_of(matchers.methods, is_same)) {
      return refuse(item, "Methods", "it is given twice");
    }
    matchers.methods.push_back({item.text, item.where});
  }

  // A mapping of names to an expression or a list of them.
  void add_named(std::string_view key, Pattern::Case letter_case,
                 std::vector<NamedPatterns>& list) {
    const Section::Member* const member = section_.find(key);
    if (member == nullptr) return;
    const std::vector<const Node*>& children = member->value->children;
    if (children.empty()) {
      diagnostics_.error(
          member->value->where,
          "`" + std::string(key) + "` is an empty mapping, expected " + expectation(*member->key));
    }
    if (children.size() / 2 > kMostNames) {
      diagnostics_.error(member->value->where, "`" + std::string(key) + "` has more than " +
                                                   std::to_string(kMostNames) + " names");
      return;
    }
    for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
      NamedPatterns named;
      if (!take_name(*children[i], key, list, named.name)) continue;
      for (const Node* item : patterns_of(*children[i + 1], key)) {
        std::optional<Pattern> pattern = compile_(*item, named.name, letter_case);
        if (pattern) named.patterns.push_back(std::move(*pattern));
      }
      if (!named.patterns.empty()) list.push_back(std::move(named));
    }
  }

  bool take_name(const Node& node, std::string_view key, const std::vector<NamedPatterns>& list,
                 std::string& name) {
    const bool is_field = key == "Header";
    if (!node.is(Node::Kind::scalar) || (is_field ? !is_token(node.text) : node.text.empty())) {
      refuse(node, key,
             is_field ? "expected the name of a header such as `Accept-Language`"
                      : "expected the name of a parameter");
      return false;
    }
    name = is_field ? to_lower(node.text) : node.text;
    const auto is_same = [&](const NamedPatterns& one) { return one.name == name; };
    if (std::ranges::any_of(list, is_same)) {
      refuse(node, key, "it is given twice");
      return false;
    }
    return true;
  }

  std::vector<const Node*> patterns_of(const Node& written, std::string_view key) {
    const Node& value = follow(written);
    if (value.is(Node::Kind::scalar)) return {&value};
    std::vector<const Node*> patterns;
    if (value.is(Node::Kind::sequence)) {
      for (const Node* child : value.children) {
        const Node& item = follow(*child);
        if (item.is(Node::Kind::scalar)) patterns.push_back(&item);
        if (item.is(Node::Kind::invalid)) return {};
      }
    }
    const bool all_are_texts =
        value.is(Node::Kind::sequence) && patterns.size() == value.children.size();
    if ((!all_are_texts || patterns.empty()) && !value.is(Node::Kind::invalid)) {
      diagnostics_.error(written.where, "a value in `" + std::string(key) + "` is " +
                                            describe(written) +
                                            ", expected a regular expression or a list of them");
    }
    return patterns;
  }

  const Section& section_;
  const CompilePattern& compile_;
  Diagnostics& diagnostics_;
};

}  // namespace

Matchers load_matchers(const Section& section, const CompilePattern& compile,
                       Diagnostics& diagnostics) {
  return Loader(section, compile, diagnostics).load();
}

std::vector<Matchers> load_nots(const Section& service, const CompilePattern& compile,
                                Diagnostics& diagnostics) {
  std::vector<Matchers> nots;
  for (const Node* item : service.items("Not")) {
    const std::size_t before = diagnostics.all().size();
    const Section section(not_schema(), *item, diagnostics);
    Matchers matchers = load_matchers(section, compile, diagnostics);
    if (!matchers.empty()) {
      nots.push_back(std::move(matchers));
    } else if (diagnostics.all().size() == before) {
      diagnostics.error(item->where,
                        "an item of `Not` is empty, which would refuse every request; expected "
                        "`Host`, `Path`, `Methods`, `Query` or `Header`");
    }
  }
  return nots;
}

}  // namespace conf
