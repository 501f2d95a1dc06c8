// A file in, a Config or diagnostics out: see load.h.
//
// Bytes, text, tree, sections, then the checks across sections. Each step works on what the step
// before it could make, so that one run reports as many mistakes as possible.
#include "conf/load.h"

#include <sys/stat.h>

#include <memory>
#include <utility>

#include "conf/file.h"
#include "conf/load_backend.h"
#include "conf/load_control.h"
#include "conf/load_global.h"
#include "conf/load_listener.h"
#include "conf/section.h"
#include "conf/source_text.h"
#include "conf/validate.h"
#include "conf/yaml_tree.h"

namespace conf {

namespace {

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "no file";
}

std::string reason(const FileError& error) {
  switch (error.kind) {
    case FileError::Kind::open:
      return "cannot open it: " + error.text();
    case FileError::Kind::read:
      return "cannot read it: " + error.text();
    case FileError::Kind::not_regular:
      return "this is " + kind_of(error.mode) + ", expected a file";
    case FileError::Kind::too_large:
      return "more than " + std::to_string(error.most >> 20) + " MiB of text";
  }
  return "";
}

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

std::optional<Config> load_source(const std::shared_ptr<const SourceFile>& file,
                                  Diagnostics& diagnostics) {
  if (!check_source(file, diagnostics)) return std::nullopt;
  const std::size_t errors = diagnostics.errors();
  const std::optional<Tree> tree = Tree::parse(file, diagnostics);
  if (!tree) return std::nullopt;
  const bool is_well_formed = diagnostics.errors() == errors;
  const Position whole{file, 0, 0};
  const Node* root = tree->root();
  if (root == nullptr || root->is(Node::Kind::null)) {
    diagnostics.error(whole, "there is nothing in it, expected Backends and listeners");
    return std::nullopt;
  }
  if (root->is(Node::Kind::invalid)) return std::nullopt;
  if (!root->is(Node::Kind::mapping)) {
    diagnostics.error(root->where, "the top level is " + describe(*root) +
                                       ", expected a mapping with Backends and listeners");
    return std::nullopt;
  }
  Config config = load_top(*root, is_well_formed, diagnostics);
  validate(config, whole, diagnostics);
  return config;
}

std::optional<Draft> draft_of(const std::string& name, std::string_view text,
                              Diagnostics& diagnostics) {
  const auto file = std::make_shared<const SourceFile>(
      SourceFile{name, std::string(without_byte_order_mark(text))});
  std::optional<Config> config = load_source(file, diagnostics);
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
  FileError error;
  const std::optional<std::string> text = read_file(path, kMaxFileBytes, error);
  if (text) return draft_of(path, *text, diagnostics);
  auto file = std::make_shared<const SourceFile>(SourceFile{path, ""});
  diagnostics.error({std::move(file), 0, 0}, reason(error));
  return std::nullopt;
}

std::optional<Config> load(const std::string& path, Diagnostics& diagnostics) {
  return unless_faulty(load_draft(path, diagnostics), diagnostics);
}

std::optional<Config> load_text(const std::string& name, std::string_view text,
                                Diagnostics& diagnostics) {
  return unless_faulty(draft_of(name, text, diagnostics), diagnostics);
}

}  // namespace conf
