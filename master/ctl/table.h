// A table of texts, with columns as wide as their widest cell. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace master::ctl {

class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string_view title;
    Align align = Align::right;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns. Control characters in a cell appear as \xNN.
  void add(std::vector<std::string> cells);
  bool is_empty() const { return rows_.empty(); }
  // The title and the rows, one per line, with two spaces between columns. If they are wider than
  // `width`, cells of the first column are cut, but not to less than 12 bytes; they end in "..".
  std::vector<std::string> lines(std::size_t width) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace master::ctl
