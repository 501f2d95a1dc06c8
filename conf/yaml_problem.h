// Pound's words for the complaints of libyaml.
//
// A table from libyaml's short texts to messages, and which of its two positions to show. Knows no
// YAML and does not include libyaml.
#pragma once

#include <string>
#include <string_view>

namespace conf {

struct YamlProblem {
  std::string message;      // what is wrong, and what was expected
  bool at_context = false;  // show where the construct began, not where the parser gave up
  std::string begun;        // a note for the beginning of the construct; may be empty
};

// Whether an IPv6 address without quotes, or a colon without a blank, can cause the problem.
bool may_be_slip(std::string_view problem);

// The parser gave up at the offset `at` of `text`.
YamlProblem explain(std::string_view problem, std::string_view context, std::string_view text,
                    std::size_t at = 0);

}  // namespace conf
