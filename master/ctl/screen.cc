// See screen.h.
#include "master/ctl/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <limits>

namespace master::ctl {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kRows = 24;

constexpr char kHome[] = "\x1b[H";
constexpr char kClearLine[] = "\x1b[K";
constexpr char kClearBelow[] = "\x1b[J";

winsize size_of_terminal() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return size;
}

}  // namespace

bool is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

std::size_t columns() {
  const winsize size = size_of_terminal();
  return size.ws_col != 0 ? size.ws_col : kColumns;
}

std::size_t rows() {
  if (!is_terminal()) return std::numeric_limits<std::size_t>::max();
  const winsize size = size_of_terminal();
  return size.ws_row != 0 ? size.ws_row : kRows;
}

void print(const Lines& lines) {
  for (const std::string& line : lines) std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void paint(const Lines& lines) {
  if (!is_terminal()) {
    print(lines);
    std::puts("");
    std::fflush(stdout);
    return;
  }
  std::string text = kHome;
  const std::size_t count = rows() - 1;
  for (std::size_t i = 0; i < lines.size() && i < count; ++i) {
    text += lines[i].substr(0, columns()) + kClearLine + "\r\n";
  }
  std::fputs((text + kClearBelow).c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace master::ctl
