// A message about a place in a configuration file, as the operator reads it.
//
// Value types only. Made by everything under conf/ and by worker::prepare; printed by master.
// Never writes to a stream by itself; foreign bytes never leave it unescaped.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conf {

// A file's name and its whole text, kept so that a diagnostic can show the line it speaks of.
struct SourceFile {
  std::string name;
  std::string text;
};

// A place in a file. Lines and columns count from 1; 0 means "the file as a whole".
// Columns count bytes. The file is shared by all places in it.
struct Position {
  std::shared_ptr<const SourceFile> file;
  std::size_t line = 0;
  std::size_t column = 0;
};

enum class Severity { error, warning, note };

struct Diagnostic {
  Severity severity = Severity::error;
  Position where;
  std::string message;  // what is wrong, and what was expected; escaped, one line
};

// All that was found in one run, in the order of their places once `sort` was called.
class Diagnostics {
 public:
  // What comes after this many messages is counted, but not kept.
  static constexpr std::size_t kMaxKept = 1000;

  void add(Severity severity, const Position& where, std::string message);
  void error(const Position& where, std::string message);
  void warning(const Position& where, std::string message);
  void note(const Position& where, std::string message);  // belongs to the message before it

  // Orders the messages by place, notes staying behind theirs, and drops what was said twice.
  void sort();

  bool has_errors() const { return errors_ != 0; }
  bool full() const { return all_.size() >= kMaxKept; }
  const std::vector<Diagnostic>& all() const { return all_; }

  // `file:line:col: error: message`, then the line and a caret under the column; every control
  // byte and every byte that is not UTF-8 is shown as \xNN. Ends with a newline.
  std::string text() const;
  // The first line of each message as `text` has it, without excerpts and newlines: for a log.
  std::vector<std::string> headlines() const;

 private:
  std::string omission() const;

  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::size_t omitted_ = 0;
};

// Text from a file as a message may show it: escaped like Diagnostics::text, cut when it is long.
std::string shown(std::string_view text);

// Cuts the first line off `rest`; lines end as YAML has it: CR LF, LF or CR.
std::string_view take_line(std::string_view& rest);

}  // namespace conf
