// Fuzzes the converter of configurations of Pound 2.x with arbitrary bytes.
//
// Properties: parsing ends, in a tree or in ParseError; what is written is YAML, as far as the
// syntax goes; nothing but Pound's top-level keys stands at its top, so that no comment and no text
// has left its place; a report without control characters names each directive; what Pound says
// against the result is about what is missing, never about a value.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/load.h"
#include "conf/source_text.h"
#include "conf/yaml_tree.h"
#include "master/convert/parser.h"
#include "master/convert/translate.h"

namespace {

constexpr auto kTopKeys = std::to_array<std::string_view>(
    {"Global", "Backends", "Services", "HTTPListeners", "HTTPSListeners"});

void require(bool holds, const char* what, const std::string& text) {
  if (holds) return;
  std::fprintf(stderr, "property violated: %s\n%s\n", what, text.c_str());
  std::abort();
}

std::size_t count(const std::vector<master::convert::Directive>& directives) {
  std::size_t all = directives.size();
  for (const auto& directive : directives) all += count(directive.children);
  return all;
}

void check_yaml(const std::string& yaml) {
  const auto file = std::make_shared<const conf::SourceFile>(conf::SourceFile{"y", yaml});
  conf::Diagnostics diagnostics;
  const bool is_allowed = conf::check_source(file, diagnostics);
  require(is_allowed, "allowed characters", diagnostics.text());
  const auto tree = conf::Tree::parse(file, diagnostics);
  require(tree && !diagnostics.has_errors(), "valid YAML", diagnostics.text() + yaml);
  const conf::Node* const root = tree->root();
  require(root != nullptr && root->is(conf::Node::Kind::mapping), "a mapping", yaml);
  for (std::size_t at = 0; at < root->children.size(); at += 2) {
    require(std::ranges::find(kTopKeys, root->children[at]->text) != kTopKeys.end(),
            "top-level keys", yaml);
  }
}

void check_errors(const std::string& errors) {
  for (std::size_t at = 0; (at = errors.find(": error: ", at)) != std::string::npos; ++at) {
    const std::string message = errors.substr(at, errors.find('\n', at) - at);
    const bool is_about_a_value = message.find("` is ") != std::string::npos;
    require(!is_about_a_value, "only what is missing is wrong", errors);
  }
}

void check_report(const std::string& report, std::size_t directives) {
  for (const char c : report) {
    require((c >= ' ' || c == '\n' || c == '\t' || c < '\0') && c != '\x7f', "printable report",
            report);
  }
  const auto lines = static_cast<std::size_t>(std::ranges::count(report, '\n'));
  require(lines > directives, "a line for each directive", report);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  master::convert::Source source;
  try {
    source = master::convert::parse_text("fuzz.cfg", text, false);
  } catch (const master::convert::ParseError&) {
    return 0;
  }
  const std::size_t directives = count(source.directives);
  const master::convert::Result result = master::convert::translate(std::move(source), "fuzz.cfg");
  check_yaml(result.yaml);
  check_report(result.report, directives);
  check_errors(result.errors);
  return 0;
}
