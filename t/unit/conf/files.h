// Files and an environment in memory, for tests of what a configuration includes.
//
// For t/unit/conf/ only. Patterns have one asterisk.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/surroundings.h"

namespace conf_test {

class Files : public conf::Surroundings {
 public:
  using Texts = std::map<std::string, std::string>;

  Files(Texts files, Texts variables)
      : files_(std::move(files)), variables_(std::move(variables)) {}

  std::optional<std::string> read(const std::string& path, std::size_t most,
                                  std::string& error) const override {
    const auto found = files_.find(path);
    if (found == files_.end()) return conf::Surroundings::read(path, most, error);
    return found->second;
  }
  std::optional<std::vector<std::string>> match(const std::string& pattern,
                                                std::string& error) const override {
    if (pattern.starts_with("locked/")) {
      error = "cannot read a folder: Permission denied";
      return std::nullopt;
    }
    const std::size_t star = pattern.find('*');
    std::vector<std::string> found;
    for (const auto& [path, text] : files_) {
      const bool matches =
          path.starts_with(pattern.substr(0, star)) && path.ends_with(pattern.substr(star + 1));
      if (matches) found.push_back(path);
    }
    return found;
  }
  std::optional<std::string> variable(const std::string& name) const override {
    const auto found = variables_.find(name);
    if (found == variables_.end()) return std::nullopt;
    return found->second;
  }

 private:
  Texts files_;
  Texts variables_;
};

}  // namespace conf_test
