// Converts the positions of libyaml to those of diagnostics.
//
// libyaml counts lines and columns from 0, and columns in characters. A Position counts both from
// 1, and columns in bytes. Fast when the positions ascend.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "conf/diagnostic.h"

namespace conf {

class PositionMap {
 public:
  explicit PositionMap(const std::shared_ptr<const SourceFile>& file);

  // The offset in the text, in bytes.
  std::size_t offset(std::size_t line, std::size_t column);
  Position position(std::size_t line, std::size_t column);
  Position position_of(std::size_t offset) const;

  const std::shared_ptr<const SourceFile>& file() const { return file_; }

 private:
  std::shared_ptr<const SourceFile> file_;
  std::vector<std::size_t> starts_;  // of every line, then the end of the text
  // The last position that was found. The next one is usually a little further on.
  std::size_t line_ = 0;
  std::size_t column_ = 0;
  std::size_t offset_ = 0;
};

}  // namespace conf
