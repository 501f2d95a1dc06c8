// What a client of the control socket sends: one line, and the words in it.
//
// Pure. A line ends with LF, or CR LF, and has at most kMostLine bytes with its end. Words are
// separated by spaces and tabs. Within "…" they are part of a word, and \ before any character
// means that character, in and outside of quotes: -H "Cookie: a=\"1\"". Other control bytes are
// refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace master::control {

inline constexpr std::size_t kMostLine = 8192;

// Collects a line from the parts in which it arrives.
class LineReader {
 public:
  enum class State { incomplete, complete, too_long };

  // Ignores what follows the line.
  State add(std::string_view bytes);
  State state() const { return state_; }
  bool is_empty() const { return text_.empty(); }    // no byte has come
  const std::string& line() const { return text_; }  // without its end, once it is complete

 private:
  State state_ = State::incomplete;
  std::string text_;
};

struct Words {
  std::vector<std::string> words;
  std::string error;  // what is wrong with the line; `words` is empty then
};

Words split_words(std::string_view line);

// The word so that split_words finds it again. Must have no control byte but tabs.
std::string quoted_word(std::string_view word);

}  // namespace master::control
