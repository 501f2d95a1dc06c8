// See table.h.
#include "master/ctl/table.h"

#include <algorithm>
#include <utility>

#include "master/log_sink.h"

namespace master::ctl {
namespace {

constexpr std::size_t kLeastName = 12;
constexpr std::size_t kGap = 2;
constexpr std::string_view kCut = "..";

std::string cut_to(const std::string& cell, std::size_t width) {
  if (cell.size() <= width) return cell;
  return cell.substr(0, width - kCut.size()) + std::string(kCut);
}

void append_cell(std::string& line, const std::string& cell, std::size_t width,
                 Table::Align align) {
  const std::string padding(width - cell.size(), ' ');
  line += align == Table::Align::right ? padding + cell : cell + padding;
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) {
    std::string shown;
    append_line_text(shown, cell);
    cell = std::move(shown);
  }
  rows_.push_back(std::move(cells));
}

std::vector<std::string> Table::lines(std::size_t width) const {
  std::vector<std::vector<std::string>> rows{{}};
  for (const Column& column : columns_) rows.front().emplace_back(column.title);
  rows.insert(rows.end(), rows_.begin(), rows_.end());
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::size_t total = kGap * (widths.size() - 1);
  for (const std::size_t one : widths) total += one;
  const std::size_t excess = total > width ? total - width : 0;
  const std::size_t least = std::min(widths.front(), kLeastName);
  widths.front() = std::max(least, widths.front() - std::min(excess, widths.front()));
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i != 0) line += std::string(kGap, ' ');
      append_cell(line, i == 0 ? cut_to(row[i], widths[i]) : row[i], widths[i], columns_[i].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace master::ctl
