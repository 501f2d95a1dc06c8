// Messages about positions in a configuration file: collecting, ordering, rendering.
//
// Owns the look of a message (headline, excerpt, caret) and the escaping of foreign bytes. Never
// decides what is wrong and never writes to a stream.
#include "conf/diagnostic.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>

#include "conf/utf8.h"

namespace conf {

namespace {

constexpr std::string_view kIndent = "  ";
constexpr std::string_view kCut = "...";
constexpr std::size_t kMaxExcerpt = 100;  // most bytes of a source line in an excerpt
constexpr std::size_t kBeforeCaret = 60;  // of these before the caret when the line is cut
constexpr std::size_t kMaxShown = 64;     // most bytes of a value inside a message

// Appends `text`, escaped. Returns the number of columns.
std::size_t append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::size_t columns = 0;
  while (!text.empty()) {
    char32_t character = 0;
    const std::size_t length = decode_utf8(text, character);
    if (length != 0 && is_printable(character)) {
      out.append(text.substr(0, length));
      columns += 1;
    } else {
      for (const char c : text.substr(0, std::max<std::size_t>(length, 1))) {
        const auto byte = static_cast<std::uint8_t>(c);
        out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
        columns += 4;
      }
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return columns;
}

bool is_continuation(char c) { return (static_cast<std::uint8_t>(c) & 0xc0) == 0x80; }

// The nearest index at or before `index` that is not inside a character.
std::size_t boundary(std::string_view text, std::size_t index) {
  for (int i = 0; i < 3 && index > 0 && index < text.size() && is_continuation(text[index]); ++i) {
    --index;
  }
  return index;
}

void append_excerpt(std::string& out, std::string_view line, std::size_t column) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  const std::size_t caret = std::min(column - 1, line.size());
  std::size_t begin = 0;
  std::size_t end = line.size();
  if (line.size() > kMaxExcerpt) {
    begin = boundary(line, caret > kBeforeCaret ? caret - kBeforeCaret : 0);
    end = boundary(line, std::min(line.size(), begin + kMaxExcerpt));
  }
  std::size_t columns = 0;
  out.append(kIndent);
  if (begin > 0) {
    out.append(kCut);
    columns += kCut.size();
  }
  columns += append_escaped(out, line.substr(begin, caret - begin));
  append_escaped(out, line.substr(caret, end - caret));
  if (end < line.size()) out.append(kCut);
  out.append("\n").append(kIndent).append(columns, ' ').append("^\n");
}

// Finds lines by number. Fast when the numbers ascend, as they do after sorting.
class LineFinder {
 public:
  // False when the file has no such line.
  bool find(const Position& where, std::string_view& line) {
    if (where.file.get() != file_ || where.line < next_) {
      file_ = where.file.get();
      rest_ = file_->text;
      next_ = 1;
    }
    std::string_view rest = rest_;
    while (!rest.empty()) {
      rest_ = rest;
      line = take_line(rest);
      if (next_ == where.line) return true;
      ++next_;
    }
    rest_ = rest;
    return false;
  }

 private:
  const SourceFile* file_ = nullptr;
  std::string_view rest_;
  std::size_t next_ = 1;  // the number of the line that `rest_` begins with
};

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "error";
}

void append_headline(std::string& out, const Diagnostic& one) {
  const Position& where = one.where;
  if (where.file) {
    append_escaped(out, where.file->name);
    if (where.line != 0) {
      out += ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
    }
    out.append(": ");
  }
  out.append(name_of(one.severity)).append(": ");
  append_escaped(out, one.message);
  if (one.lint) out.append(" [").append(lint_code(*one.lint)).append("]");
}

bool same(const Diagnostic& a, const Diagnostic& b) {
  return a.severity == b.severity && a.where.file == b.where.file && a.where.line == b.where.line &&
         a.where.column == b.where.column && a.message == b.message;
}

}  // namespace

void Diagnostics::add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error) ++errors_;
  if (!full()) {
    all_.push_back(std::move(diagnostic));
  } else if (diagnostic.severity != Severity::note) {
    ++omitted_;
  }
}

void Diagnostics::error(const Position& where, std::string message) {
  is_last_silenced_ = false;
  add({Severity::error, where, std::move(message)});
}

void Diagnostics::warning(Lint lint, const Position& where, std::string message) {
  is_last_silenced_ = silenced_.contains(lint);
  if (!is_last_silenced_) add({Severity::warning, where, std::move(message), lint});
}

void Diagnostics::note(const Position& where, std::string message) {
  if (!is_last_silenced_) add({Severity::note, where, std::move(message)});
}

void Diagnostics::append(const Diagnostics& other) {
  for (const Diagnostic& one : other.all_) {
    if (one.severity != Severity::note) {
      is_last_silenced_ = one.lint && silenced_.contains(*one.lint);
    }
    if (!is_last_silenced_) add(one);
  }
}

void Diagnostics::promote_warnings() {
  for (Diagnostic& one : all_) {
    if (one.severity != Severity::warning) continue;
    one.severity = Severity::error;
    ++errors_;
  }
}

void Diagnostics::sort() {
  std::vector<std::vector<Diagnostic>> groups;  // each message with its notes
  for (Diagnostic& diagnostic : all_) {
    if (diagnostic.severity != Severity::note || groups.empty()) groups.emplace_back();
    groups.back().push_back(std::move(diagnostic));
  }
  const auto place_of = [](const Diagnostic& one) {
    const SourceFile* const file = one.where.file.get();
    const std::string_view name = file != nullptr ? file->name : std::string_view();
    return std::tuple(file != nullptr ? file->order : 0, name, one.where.line, one.where.column);
  };
  const auto place = [&](const std::vector<Diagnostic>& group) { return place_of(group.front()); };
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
  all_.clear();
  std::size_t same_position = 0;  // where the messages about the same position begin in all_
  for (std::vector<Diagnostic>& group : groups) {
    const Diagnostic& head = group.front();
    if (same_position < all_.size() && place_of(all_[same_position]) != place(group)) {
      same_position = all_.size();
    }
    const auto begin = all_.begin() + static_cast<std::ptrdiff_t>(same_position);
    if (std::any_of(begin, all_.end(), [&](const auto& one) { return same(one, head); })) continue;
    std::move(group.begin(), group.end(), std::back_inserter(all_));
  }
}

std::string Diagnostics::text() const {
  std::string out;
  LineFinder lines;
  for (const Diagnostic& one : all_) {
    const Position& where = one.where;
    append_headline(out, one);
    out.append("\n");
    std::string_view line;
    if (where.file && where.line != 0 && where.column != 0 && lines.find(where, line)) {
      append_excerpt(out, line, where.column);
    }
  }
  if (omitted_ != 0) out += omission() + "\n";
  return out;
}

std::vector<std::string> Diagnostics::headlines() const {
  std::vector<std::string> out;
  for (const Diagnostic& one : all_) append_headline(out.emplace_back(), one);
  if (omitted_ != 0) out.push_back(omission());
  return out;
}

std::string Diagnostics::omission() const {
  return std::to_string(omitted_) + " more messages are not shown";
}

std::string shown(std::string_view text) {
  std::string out;
  const std::size_t end = text.size() > kMaxShown ? boundary(text, kMaxShown) : text.size();
  append_escaped(out, text.substr(0, end));
  if (end < text.size()) out.append(kCut);
  return out;
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find_first_of("\r\n");
  const std::string_view line = rest.substr(0, end);
  if (end == std::string_view::npos) {
    rest = {};
  } else {
    rest.remove_prefix(end + (rest.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return line;
}

}  // namespace conf
