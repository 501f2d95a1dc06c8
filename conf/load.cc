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
#include "conf/old_format.h"
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

Config load_top(const Node& root, Diagnostics& diagnostics) {
  const Section top(top_schema(), root, diagnostics);
  Config config;
  if (const Section::Member* global = top.find("Global")) {
    const Section section(global_schema(), global->items, global->value->where, diagnostics);
    load_global(section, config.global, diagnostics);
    config.control = load_control(section, diagnostics);
  } else {
    config.global.where = {root.where.file, 0, 0};
  }
  BackendIndex backends;
  load_backends(top, config, backends, diagnostics);
  load_listeners(top, backends, config, diagnostics);
  return config;
}

// A tree whose root is a mapping. Nothing when an error was added.
std::optional<Tree> parse_mapping(const std::shared_ptr<const SourceFile>& file,
                                  Diagnostics& diagnostics) {
  if (!check_source(file, diagnostics)) return std::nullopt;
  std::optional<Tree> tree = Tree::parse(file, diagnostics);
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
                                  Diagnostics& diagnostics) {
  Diagnostics of_text;
  const std::optional<Tree> tree = parse_mapping(file, of_text);
  const std::size_t old_line = tree ? 0 : line_of_old_format(file->text);
  if (old_line != 0) {
    diagnostics.error({file, old_line, 1}, "this is the format of Pound 2.x; `pound-convert " +
                                               shown(file->name) +
                                               "` writes it as YAML, see pound-convert(8)");
    return std::nullopt;
  }
  diagnostics.append(of_text);
  if (!tree) return std::nullopt;
  Config config = load_top(*tree->root(), diagnostics);
  validate(config, {file, 0, 0}, diagnostics);
  return config;
}

}  // namespace

std::optional<Config> load(const std::string& path, Diagnostics& diagnostics) {
  FileError error;
  const std::optional<std::string> text = read_file(path, kMaxFileBytes, error);
  if (text) return load_text(path, *text, diagnostics);
  auto file = std::make_shared<const SourceFile>(SourceFile{path, ""});
  diagnostics.error({std::move(file), 0, 0}, reason(error));
  return std::nullopt;
}

std::optional<Config> load_text(const std::string& name, std::string_view text,
                                Diagnostics& diagnostics) {
  const auto file = std::make_shared<const SourceFile>(
      SourceFile{name, std::string(without_byte_order_mark(text))});
  std::optional<Config> config = load_source(file, diagnostics);
  diagnostics.sort();
  if (diagnostics.has_errors()) return std::nullopt;
  return config;
}

}  // namespace conf
