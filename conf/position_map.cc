// Positions of libyaml as positions of diagnostics: see position_map.h.
#include "conf/position_map.h"

#include <algorithm>
#include <string_view>

#include "conf/utf8.h"

namespace conf {

PositionMap::PositionMap(const std::shared_ptr<const SourceFile>& file) : file_(file) {
  std::string_view rest = file_->text;
  while (!rest.empty()) {
    starts_.push_back(file_->text.size() - rest.size());
    take_line(rest);
  }
  starts_.push_back(file_->text.size());
}

std::size_t PositionMap::offset(std::size_t line, std::size_t column) {
  line = std::min(line, starts_.size() - 1);
  if (line != line_ || column < column_) {
    line_ = line;
    column_ = 0;
    offset_ = starts_[line];
  }
  const std::string_view text = file_->text;
  while (column_ < column && offset_ < text.size()) {
    char32_t ignored = 0;
    offset_ += std::max<std::size_t>(decode_utf8(text.substr(offset_), ignored), 1);
    ++column_;
  }
  return offset_;
}

Position PositionMap::position(std::size_t line, std::size_t column) {
  const std::size_t at = offset(line, column);
  return {file_, line_ + 1, at - starts_[line_] + 1};
}

Position PositionMap::position_of(std::size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end() - 1, offset);
  const auto line = static_cast<std::size_t>(after - starts_.begin());
  return {file_, line, offset - starts_[line - 1] + 1};
}

}  // namespace conf
