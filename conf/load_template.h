// Texts with variables: $host, ${host}, $1; `$$` is a dollar sign.
//
// Pure functions. Which variables a text may use is the caller's decision.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "conf/template.h"

namespace conf {

// What a text may use.
struct KnownVariables {
  std::span<const Variable> names;
  unsigned groups = 0;                  // $1 … up to this one, at most 9
  std::string_view groups_of = "From";  // the key whose groups they are
  std::size_t begin = 0;                // of the text in the value that messages show
};

// Nothing, and the reason in `error`, when a `$` is followed by something else.
std::optional<Template> parse_template(std::string_view text, const KnownVariables& known,
                                       std::string& error);

// Whether some text may use a variable of this name, such as `host`.
bool is_variable_name(std::string_view name);

// Whether `text` has a variable, known or not.
bool has_variables(std::string_view text);

}  // namespace conf
