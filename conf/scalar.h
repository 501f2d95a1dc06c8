// The smallest values in a file: whole numbers, null, tokens, and letters regardless of case.
//
// ASCII only and independent of the locale. Pure functions that report nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conf {

char to_lower(char c);
std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

bool is_digit(char c);
bool is_letter_or_digit(char c);

// Whether an unquoted scalar means "no value": nothing, ~ or null.
bool is_null(std::string_view plain);

// Decimal digits and nothing else: no sign, no point, no unit. Leading zeros do not mean octal. A
// number that is too large for the type becomes its largest value, so that it fails any range
// check.
std::optional<std::int64_t> parse_whole_number(std::string_view text);

// The same, with an optional K, M, G or T in either letter case: 1024, 1024 K, 1024 M, 1024 G
// bytes.
std::optional<std::int64_t> parse_bytes(std::string_view text);
// The shortest way to write a number of bytes: "64K" for 65536.
std::string bytes_text(std::int64_t bytes);

// Permissions of a file in octal digits, at most 0777.
std::optional<unsigned> parse_mode(std::string_view text);

// A token of RFC 9110 5.6.2, such as the name of a header: letters, digits and these marks.
inline constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
bool is_token(std::string_view text);

// Without the blanks and tabs around it.
std::string_view trim(std::string_view text);

// Whether a tag of YAML stands for a type that a configuration has. Empty and `!` do.
bool is_supported_tag(std::string_view tag);

// Whether `text` has a control byte other than a tab.
bool has_control_byte(std::string_view text);

}  // namespace conf
