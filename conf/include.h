// Which files an `Include` names, and their texts.
//
// The tree of a configuration asks for them when it meets `Include`. Knows which files are being
// read and which were, so that none is read twice, and how much text all of them have. Reports what
// it cannot read at the item of Include. Knows no YAML.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/surroundings.h"

namespace conf {

// Files that include each other. The one that was named counts.
inline constexpr std::size_t kMaxIncludeDepth = 16;
inline constexpr std::size_t kMaxFiles = 20'000;

// An item of Include.
struct IncludeItem {
  std::string text;
  std::string written;  // as in the file, with its variables; the same as `text` without them
  Position where;
};

class Includes {
 public:
  // `file` is the one that was named. `surroundings` and `diagnostics` must outlive this.
  Includes(const std::shared_ptr<const SourceFile>& file, const Surroundings& surroundings,
           Diagnostics& diagnostics);

  // The paths that an item names: that of a file, or those that match a pattern. Relative ones are
  // relative to the folder of the file that has the item.
  std::optional<std::vector<std::string>> paths(const IncludeItem& item);
  // The text of a file that `item` names; nothing when that was reported. Each file that is opened
  // is closed when it was read, the last one first.
  std::shared_ptr<const SourceFile> open(const std::string& path, const IncludeItem& item);
  void close();

  // Whether a file or folder could not be read, so that parts of the configuration are missing.
  bool has_gaps() const { return has_gaps_; }

 private:
  struct Known {
    Position included;  // where it was named; that of the first file is the file as a whole
    bool is_open = true;
  };

  void refuse(const std::string& path, const IncludeItem& item, const std::string& why);
  bool is_new(const std::string& path, const std::string& identity, const IncludeItem& item);

  const Surroundings& surroundings_;
  Diagnostics& diagnostics_;
  std::map<std::string, Known> known_;  // by identity
  std::vector<Known*> open_;            // the files in progress, outermost first
  std::size_t bytes_;
  bool has_gaps_ = false;
};

}  // namespace conf
