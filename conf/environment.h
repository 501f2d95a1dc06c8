// Variables of the environment in a value: `${NAME}` and `${NAME:-default}`.
//
// The tree replaces them in each scalar that is a value, after YAML has been parsed. So what a
// variable holds is text, whatever it looks like. NAME is a letter or an underscore, followed by
// letters, digits and underscores, but not one of the names that a template knows, such as `host`:
// `${host}` there is of the request. `$${NAME}` stands for `${NAME}`. Any other `$` stays as it is,
// since regular expressions end with it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace conf {

// The value of a variable, or nothing when it is not set.
using FindVariable = std::function<std::optional<std::string>(const std::string& name)>;

// Whether `expand` might change this text.
bool may_have_variables(std::string_view text);

// `text` with its variables replaced, at most `most` bytes. The default of a variable is used when
// the variable is not set or empty; it ends at the first `}`. Nothing, and the reason in `error`,
// when a variable without a default is not set, when its value is not UTF-8 or when the text
// becomes too long. The reason never shows a value, as that may be a secret.
std::optional<std::string> expand(std::string_view text, const FindVariable& find, std::size_t most,
                                  std::string& error);

}  // namespace conf
