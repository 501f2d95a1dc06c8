// Messages about positions in a configuration file, as the operator reads them.
//
// Value types only. Made by conf/ and by worker::prepare, printed by the master. Never writes to a
// stream. Never shows a foreign byte unescaped. The escaping is not that of worker/log: a file is
// UTF-8 text that its author must recognize, so printable characters and quotes stay as they are,
// and the caret needs the number of columns. A log line comes from the network, and there only
// printable ASCII stays.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conf/lint.h"

namespace conf {

// The name of a file and its whole text, kept so that a diagnostic can show a line of it.
struct SourceFile {
  std::string name;
  std::string text;
  // In which the files of a configuration are read; 0 = the file that was named.
  unsigned order = 0;
};
// The order of a file that a configuration names, such as one of users: after all others.
inline constexpr unsigned kNamedFile = ~0u;

// A position in a file. Lines and columns count from 1; 0 means "the file as a whole". Columns
// count bytes. All positions in a file share it.
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
  std::optional<Lint> lint = std::nullopt;  // of a warning, promoted or not
};

// All messages of one run; after `sort`, in the order of their positions.
class Diagnostics {
 public:
  // Later messages are counted but not kept.
  static constexpr std::size_t kMaxKept = 1000;

  void error(const Position& where, std::string message);
  void warning(Lint lint, const Position& where, std::string message);
  void note(const Position& where, std::string message);  // belongs to the message before it

  // Adds all messages of `other`.
  void append(const Diagnostics& other);

  // Drops the warnings of this kind that are added from now on, with their notes.
  void silence(Lint lint) { silenced_.insert(lint); }

  // Makes an error of each warning, which keeps its code.
  void promote_warnings();

  // Orders the messages by position, keeps each note after its message, and drops repetitions.
  void sort();

  bool has_errors() const { return errors_ != 0; }
  std::size_t errors() const { return errors_; }
  std::size_t omitted() const { return omitted_; }
  bool full() const { return all_.size() >= kMaxKept; }
  const std::vector<Diagnostic>& all() const { return all_; }

  // `file:line:col: error: message`, for a warning with its code in brackets, then the line and a
  // caret under the column. Control bytes and bytes that are not UTF-8 appear as \xNN. Ends with a
  // newline.
  std::string text() const;
  // The first line of each message as in `text`, without a newline: for a log.
  std::vector<std::string> headlines() const;

 private:
  void add(Diagnostic diagnostic);
  std::string omission() const;

  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::size_t omitted_ = 0;
  std::set<Lint> silenced_;
  bool is_last_silenced_ = false;  // so its notes are, too
};

// Text from a file, for use in a message: escaped as in Diagnostics::text, cut when it is long.
std::string shown(std::string_view text);

// Cuts the first line off `rest`. Lines end as in YAML: with CR LF, LF or CR.
std::string_view take_line(std::string_view& rest);

}  // namespace conf
