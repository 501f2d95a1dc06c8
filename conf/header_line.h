// A header that an operator wants added to replies: one `Name: value` line.
//
// Syntax of RFC 9110 5.1 and 5.5 only. A pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace conf {

// "Name: value" with one space and no blanks around the value. Nothing, and what is wrong in
// `error`, when it is no header, or one that would break the framing of a message.
std::optional<std::string> parse_header_line(std::string_view text, std::string& error);

}  // namespace conf
