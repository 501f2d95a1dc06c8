// One line of a configuration of Pound 2.x: words, texts in quotes, a comment.
//
// Pure functions; the caller counts lines. A text in quotes is taken as it is: Pound 2.x knows no
// escapes, and in the regular expressions of 4.x `\"` means what `"` means.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace master::convert {

struct Word {
  std::string text;
  bool is_quoted = false;
};

struct Line {
  std::vector<Word> words;             // none in an empty line or a line with a comment only
  std::optional<std::string> comment;  // what follows the `#`, as `comment_text`
};

// What no configuration can contain. `column` counts bytes from 1.
struct LexError : std::runtime_error {
  LexError(std::size_t at, const std::string& what) : runtime_error(what), column(at) {}
  std::size_t column;
};

// `line` is without its end. Throws LexError.
Line read_line(std::string_view line);

// Text that can stand in a comment of YAML and on a terminal: bytes that are not UTF-8 and
// characters that are not printable appear as \xNN.
std::string comment_text(std::string_view text);

}  // namespace master::convert
