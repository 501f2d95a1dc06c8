// See line.h.
#include "master/control/line.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace master::control {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

std::string byte_error(std::string_view line, std::size_t at) {
  char text[64];
  std::snprintf(text, sizeof text, "byte 0x%02x at offset %zu is not allowed",
                static_cast<unsigned>(static_cast<unsigned char>(line[at])), at);
  return text;
}

class Splitter {
 public:
  explicit Splitter(std::string_view line) : line_(line) {}

  Words run() {
    for (at_ = 0; at_ < line_.size() && error_.empty(); ++at_) take(line_[at_]);
    if (error_.empty() && quote_) error_ = "a quotation mark is not closed";
    if (!error_.empty()) return {{}, std::move(error_)};
    end_word();
    return {std::move(words_), {}};
  }

 private:
  void take(char c) {
    if (is_control(c)) {
      error_ = byte_error(line_, at_);
    } else if (c == '\\') {
      take_escaped();
    } else if (c == '"') {
      quote_ = !quote_;
      in_word_ = true;
    } else if (!quote_ && is_space(c)) {
      end_word();
    } else {
      put(c);
    }
  }

  void take_escaped() {
    if (++at_ == line_.size()) {
      error_ = "the line ends with a backslash";
    } else if (is_control(line_[at_])) {
      error_ = byte_error(line_, at_);
    } else {
      put(line_[at_]);
    }
  }

  void put(char c) {
    word_ += c;
    in_word_ = true;
  }

  void end_word() {
    if (in_word_) words_.push_back(std::exchange(word_, {}));
    in_word_ = false;
  }

  std::string_view line_;
  std::size_t at_ = 0;
  std::string word_;
  bool in_word_ = false;  // also for an empty one: ""
  bool quote_ = false;
  std::vector<std::string> words_;
  std::string error_;
};

}  // namespace

LineReader::State LineReader::add(std::string_view bytes) {
  if (state_ != State::incomplete) return state_;
  const std::size_t end = bytes.find('\n');
  const std::size_t size = std::min(end, bytes.size());
  const std::size_t end_size = end == bytes.npos ? 0 : 1;
  if (text_.size() + size + end_size > kMostLine) return state_ = State::too_long;
  text_ += bytes.substr(0, size);
  if (end == bytes.npos) return state_;
  if (text_.ends_with('\r')) text_.pop_back();
  return state_ = State::complete;
}

Words split_words(std::string_view line) { return Splitter(line).run(); }

std::string quoted_word(std::string_view word) {
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace master::control
