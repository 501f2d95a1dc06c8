// A `Name: value` line that an operator wants Pound to add to messages.
//
// The syntax of RFC 9110 5.1 and 5.5. A pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace conf {

// "Name: value" with one space and no blanks around the value. Nothing, and the reason in `error`,
// when `text` is not a header line or would change the framing of a message.
std::optional<std::string> parse_header_line(std::string_view text, std::string& error);

}  // namespace conf
