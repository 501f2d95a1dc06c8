// libyaml's complaints in our words.
//
// A table from its short texts to ours, and which of the two places it knows is worth showing.
// Knows no YAML by itself and includes nothing of libyaml.
#pragma once

#include <string>
#include <string_view>

namespace conf {

struct YamlProblem {
  std::string message;      // what is wrong, and what was expected
  bool at_context = false;  // show where the thing began, not where the parser gave up
  std::string begun;        // a note for where the thing began; may be empty
};

// `next` is the text from the place where the parser gave up.
YamlProblem explain(std::string_view problem, std::string_view context, std::string_view next);

}  // namespace conf
