// Files in, a Config or diagnostics out: see load.h.
//
// Bytes, text, tree, sections, then the checks across sections. Each step works on what the step
// before it could make, so that one run reports as many mistakes as possible.
#include "conf/load.h"

#include <memory>
#include <utility>

#include "conf/load_backend.h"
#include "conf/load_control.h"
#include "conf/load_global.h"
#include "conf/load_listener.h"
#include "conf/old_format.h"
#include "conf/section.h"
#include "conf/source_text.h"
#include "conf/validate.h"
#include "conf/yaml_tree.h"

namespace conf {

namespace {

// The tree may lack a value anywhere.
void mark_all(Config& config) {
  config.global.is_whole = false;
  for (Backend& backend : config.backends) backend.is_whole = false;
  for (Listener& listener : config.listeners) {
    listener.is_whole = false;
    for (Service& service : listener.services) service.is_whole = false;
  }
}

Config load_top(const Node& root, bool is_well_formed, Diagnostics& diagnostics) {
  Config config;
  const std::size_t errors = diagnostics.errors();
  const Section top(top_schema(), root, diagnostics);
  config.is_whole = is_well_formed && diagnostics.errors() == errors;
  if (const Section::Member* global = top.find("Global")) {
    const std::size_t before = diagnostics.errors();
    const Section section(global_schema(), global->items, global->value->where, diagnostics);
    load_global(section, config.global, diagnostics);
    config.control = load_control(section, diagnostics);
    config.global.is_whole = diagnostics.errors() == before;
  } else {
    config.global.where = {root.where.file, 0, 0};
  }
  BackendIndex backends;
  load_backends(top, config, backends, diagnostics);
  load_listeners(top, backends, config, diagnostics);
  if (!is_well_formed) mark_all(config);
  return config;
}

// A tree whose root is a mapping. Nothing when an error was added.
std::optional<Tree> parse_mapping(const std::shared_ptr<const SourceFile>& file,
                                  const Surroundings& surroundings, Diagnostics& diagnostics) {
  if (!check_source(file, diagnostics)) return std::nullopt;
  std::optional<Tree> tree = Tree::parse(file, surroundings, diagnostics);
  if (!tree) return std::nullopt;
  const Node* root = tree->root();
  if (root == nullptr || root->is(Node::Kind::null)) {
    diagnostics.error({file, 0, 0}, "there is nothing in it, expected Backends and listeners");
    return std::nullopt;
  }
  if (root->is(Node::Kind::invalid)) return std::nullopt;
  if (!root->is(Node::Kind::mapping)) {
    diagnostics.error(root->where, "the top level is " + describe(*root) +
                                       ", expected a mapping with Backends and listeners");
    return std::nullopt;
  }
  return tree;
}

std::optional<Config> load_source(const std::shared_ptr<const SourceFile>& file,
                                  const Surroundings& surroundings, Diagnostics& diagnostics) {
  Diagnostics of_text;
  const std::optional<Tree> tree = parse_mapping(file, surroundings, of_text);
  const std::size_t old_line = tree ? 0 : line_of_old_format(file->text);
  if (old_line != 0) {
    diagnostics.error({file, old_line, 1}, "this is the format of Pound 2.x; `pound-convert " +
                                               shown(file->name) +
                                               "` writes it as YAML, see pound-convert(8)");
    return std::nullopt;
  }
  diagnostics.append(of_text);
  if (!tree) return std::nullopt;
  Config config = load_top(*tree->root(), !of_text.has_errors(), diagnostics);
  validate(config, {file, 0, 0}, diagnostics);
  return config;
}

std::optional<Draft> draft_of(const std::string& name, std::string_view text,
                              const Surroundings& surroundings, Diagnostics& diagnostics) {
  const auto file = std::make_shared<const SourceFile>(
      SourceFile{name, std::string(without_byte_order_mark(text))});
  std::optional<Config> config = load_source(file, surroundings, diagnostics);
  diagnostics.sort();
  if (!config) return std::nullopt;
  return Draft{std::move(*config)};
}

std::optional<Config> unless_faulty(std::optional<Draft> draft, const Diagnostics& diagnostics) {
  if (!draft || diagnostics.has_errors()) return std::nullopt;
  return std::move(draft->config);
}

}  // namespace

std::optional<Draft> load_draft(const std::string& path, Diagnostics& diagnostics) {
  const SystemSurroundings system;
  std::string error;
  const std::optional<std::string> text = system.read(path, kMaxFileBytes, error);
  if (text) return draft_of(path, *text, system, diagnostics);
  auto file = std::make_shared<const SourceFile>(SourceFile{path, ""});
  diagnostics.error({std::move(file), 0, 0}, error);
  return std::nullopt;
}

std::optional<Config> load(const std::string& path, Diagnostics& diagnostics) {
  return unless_faulty(load_draft(path, diagnostics), diagnostics);
}

std::optional<Config> load_text(const std::string& name, std::string_view text,
                                Diagnostics& diagnostics, const Surroundings& surroundings) {
  return unless_faulty(draft_of(name, text, surroundings, diagnostics), diagnostics);
}

std::optional<ControlSocket> find_control(const std::string& path, Diagnostics& diagnostics) {
  const std::optional<Draft> draft = load_draft(path, diagnostics);
  return draft ? draft->config.control : std::nullopt;
}

}  // namespace conf
