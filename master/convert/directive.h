// A configuration of Pound 2.x as a tree of directives, each with what has become of it.
//
// The parser makes the tree; the translation gives every directive a verdict; the report tells
// them. A directive without a verdict is one that the converter does not know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "master/convert/lexer.h"

namespace master::convert {

enum class Fate : std::uint8_t {
  unknown,
  carried,   // the result says the same
  changed,   // the result does the same in another way, or almost the same
  left_out,  // nothing in the result does this
};

struct Place {
  std::string file;
  std::size_t line = 0;
};

class Directive {
 public:
  Place where;
  std::string name;         // in lower case
  std::vector<Word> words;  // the name as it was written, and the arguments
  std::vector<std::string> comments;
  std::vector<Directive> children;             // of a section
  std::vector<std::string> trailing_comments;  // before the End of a section
  bool is_section = false;

  Fate fate = Fate::unknown;
  std::string why;  // how it has changed, or why it was left out

  bool is(std::string_view lower_case_name) const { return name == lower_case_name; }
  std::size_t arguments() const { return words.size() - 1; }
  // Empty if there is no such argument; 0 is the first one.
  const std::string& argument(std::size_t index = 0) const;

  // As it was written, in one line, cut where it is very long.
  std::string text() const;

  // The worst fate stays, and all reasons add up.
  void carry() { judge(Fate::carried, ""); }
  void change(std::string_view reason) { judge(Fate::changed, reason); }
  void leave_out(std::string_view reason) { judge(Fate::left_out, reason); }

 private:
  void judge(Fate now, std::string_view reason);
};

// All directives of a configuration in order, with those of included files where the Include was.
struct Source {
  std::vector<Directive> directives;
  std::vector<std::string> trailing_comments;
};

}  // namespace master::convert
