// The files that an `Include` names: see include.h.
#include "conf/include.h"

#include <string_view>
#include <utility>

#include "conf/load.h"
#include "conf/source_text.h"

namespace conf {

namespace {

constexpr std::string_view kWildcards = "*?[";

// "conf.d/" of "conf.d/a.yaml".
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// For a pattern, in which these characters stand for others.
std::string escaped(const std::string& folder) {
  std::string out;
  for (const char c : folder) {
    if (c == '\\' || kWildcards.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

Includes::Includes(const std::shared_ptr<const SourceFile>& file, const Surroundings& surroundings,
                   Diagnostics& diagnostics)
    : surroundings_(surroundings), diagnostics_(diagnostics), bytes_(file->text.size()) {
  Known& known = known_[surroundings.identity(file->name)];
  known.included = {file, 0, 0};
  open_.push_back(&known);
}

std::optional<std::vector<std::string>> Includes::paths(const IncludeItem& item) {
  const std::string folder = item.text.starts_with('/') ? "" : folder_of(item.where.file->name);
  if (item.text.find_first_of(kWildcards) == std::string::npos) return {{folder + item.text}};
  std::string error;
  std::optional<std::vector<std::string>> found =
      surroundings_.match(escaped(folder) + item.text, error);
  if (!found) refuse(item.text, item, error);
  return found;
}

std::shared_ptr<const SourceFile> Includes::open(const std::string& path, const IncludeItem& item) {
  const std::string identity = surroundings_.identity(path);
  if (!is_new(path, identity, item)) return nullptr;
  if (open_.size() >= kMaxIncludeDepth || known_.size() >= kMaxFiles) {
    refuse(path, item,
           open_.size() >= kMaxIncludeDepth
               ? "files include each other more than " + std::to_string(kMaxIncludeDepth) + " deep"
               : "more than " + std::to_string(kMaxFiles) + " files");
    return nullptr;
  }
  std::string error;
  const std::optional<std::string> text = surroundings_.read(path, kMaxFileBytes, error);
  if (text && bytes_ + text->size() > kMaxFileBytes) {
    error = "more than " + std::to_string(kMaxFileBytes >> 20) + " MiB of text in all files";
  } else if (text) {
    bytes_ += text->size();
    const auto order = static_cast<unsigned>(known_.size());
    auto file = std::make_shared<const SourceFile>(
        SourceFile{path, std::string(without_byte_order_mark(*text)), order});
    open_.push_back(&known_.emplace(identity, Known{item.where}).first->second);
    return file;
  }
  refuse(path, item, error);
  return nullptr;
}

void Includes::close() {
  open_.back()->is_open = false;
  open_.pop_back();
}

void Includes::refuse(const std::string& path, const IncludeItem& item, const std::string& why) {
  has_gaps_ = true;
  const std::string folder = folder_of(item.where.file->name);
  std::string name = path.starts_with(folder) ? path.substr(folder.size()) : path;
  if (item.written != item.text) name = item.written;
  diagnostics_.error(item.where, "cannot include `" + shown(name) + "`: " + why);
}

bool Includes::is_new(const std::string& path, const std::string& identity,
                      const IncludeItem& item) {
  const auto found = known_.find(identity);
  if (found == known_.end()) return true;
  const Known& known = found->second;
  if (known.is_open) {
    refuse(path, item, "a file cannot include itself");
  } else {
    refuse(path, item, "it is included already");
  }
  if (known.included.line != 0) diagnostics_.note(known.included, "it is included here");
  return false;
}

}  // namespace conf
