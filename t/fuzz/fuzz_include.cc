// Fuzzes a configuration of several files with variables, all of them in memory.
//
// Input: texts, separated by lines that begin with `%%% `. The first one is the file that is named.
// What follows the mark is the name of the next file. Each pattern matches all files whose names
// are longer than it. Three variables are set: SECRET, YAML and EMPTY.
//
// Properties: loading ends; it returns a Config exactly when it reports no error; the messages
// contain no control character except line feeds, and never the value of SECRET.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "conf/load.h"

namespace {

constexpr std::string_view kMark = "%%% ";
constexpr std::string_view kSecret = "s3cr3t {v4lue} [*x";

class Files : public conf::Surroundings {
 public:
  explicit Files(std::string_view input) {
    std::string name = "main";
    while (!input.empty()) {
      std::string_view line = input.substr(0, input.find('\n'));
      input.remove_prefix(std::min(line.size() + 1, input.size()));
      if (line.starts_with(kMark)) {
        name = line.substr(kMark.size());
      } else {
        texts_[name].append(line).push_back('\n');
      }
    }
  }

  std::string_view main() const {
    const auto found = texts_.find("main");
    return found == texts_.end() ? std::string_view() : found->second;
  }

  std::optional<std::string> read(const std::string& path, std::size_t most,
                                  std::string& error) const override {
    const auto found = texts_.find(path);
    if (found == texts_.end()) return conf::Surroundings::read(path, most, error);
    return found->second;
  }
  std::optional<std::vector<std::string>> match(const std::string& pattern,
                                                std::string& error) const override {
    std::vector<std::string> found;
    if (pattern.size() > 20) {
      error = "cannot read a folder";
      return std::nullopt;
    }
    for (const auto& [name, text] : texts_) {
      if (name.size() > pattern.size()) found.push_back(name);
    }
    return found;
  }
  std::optional<std::string> variable(const std::string& name) const override {
    if (name == "SECRET") return std::string(kSecret);
    if (name == "YAML") return "null\n- &a [*b] # ${SECRET}";
    if (name == "EMPTY") return "";
    return std::nullopt;
  }

 private:
  std::map<std::string, std::string> texts_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Files files(input);
  conf::Diagnostics diagnostics;
  const auto config = conf::load_text("main", files.main(), diagnostics, files);
  if (config.has_value() == diagnostics.has_errors()) std::abort();
  const std::string text = diagnostics.text();
  for (const char c : text) {
    if ((c >= '\0' && c < ' ' && c != '\n') || c == '\x7f') std::abort();
  }
  const std::string_view telling = kSecret.substr(0, 6);
  if (input.find(telling) == input.npos && text.find(telling) != text.npos) std::abort();
  return 0;
}
