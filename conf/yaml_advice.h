// The two slips behind most syntax errors: an IPv6 address without quotes, and a colon without a
// blank after it.
//
// Looks at the text around the place where the YAML parser gave up. A pure function.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace conf {

struct YamlAdvice {
  std::size_t offset = 0;  // of the slip, in the text
  std::string message;     // what is wrong, and what to write
};

// `offset`: where the parser gave up. Nothing when it is another mistake.
std::optional<YamlAdvice> yaml_advice(std::string_view text, std::size_t offset);

// For a value that should be a mapping: "a blank is missing after `User:`", or empty.
std::string missing_blank_in(std::string_view value);

}  // namespace conf
