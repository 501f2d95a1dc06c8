// Fuzzes lines of the control socket, and answers that poundctl reads.
//
// Properties: a line is the same in one piece and in parts, and has no end and no more than its
// greatest length; words have no control characters but tabs; quoted words are found again. An
// answer is objects with keys and values, or is refused.
#include "master/control/line.h"
#include "master/ctl/failure.h"
#include "master/ctl/objects.h"
#include "t/fuzz/frame.h"

using fuzz::require;
using namespace master::control;

namespace {

void check_line(std::string_view input) {
  LineReader whole;
  whole.add(input);
  LineReader parts;
  for (std::size_t i = 0; i < input.size(); i += 7) parts.add(input.substr(i, 7));
  require(whole.state() == parts.state(), "parts make the same line");
  if (whole.state() != LineReader::State::complete) return;
  require(whole.line() == parts.line(), "parts have the same text");
  require(whole.line().size() < kMostLine, "a line has an end and a greatest length");
  require(whole.line().find('\n') == std::string::npos, "the end is no part of it");
}

void check_words(std::string_view input) {
  const Words found = split_words(input.substr(0, input.find('\n')));
  require(found.error.empty() || found.words.empty(), "a line has words or an error");
  std::string line;
  for (const std::string& word : found.words) {
    for (const char c : word) {
      const auto byte = static_cast<unsigned char>(c);
      require((byte >= 0x20 && byte != 0x7f) || c == '\t', "a word has no control character");
    }
    line += quoted_word(word) + " ";
  }
  require(split_words(line).words == found.words, "quoted words are found again");
}

void check_answer(std::string_view input) {
  try {
    for (const auto& object : master::ctl::parse_objects(input)) {
      require(!object.kind().empty(), "an object has a kind");
      for (const auto& [key, value] : object.fields()) {
        require(!key.empty() && !value.empty(), "a field has a key and a value");
        require(object.has(key) == (object.text(key) != "-"), "a field is found by its key");
      }
    }
  } catch (const master::ctl::Failure&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text(data, size);
  check_line(input);
  check_words(input);
  check_answer(input);
  return 0;
}
