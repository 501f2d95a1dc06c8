// The smallest values a file is made of: whole numbers, null, tokens, and letters regardless of
// case.
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

// Decimal digits and nothing else: no sign, no point, no unit; leading zeros do not make it octal.
// What is too large for the type is its largest value, so that it fails any check of a range.
std::optional<std::int64_t> parse_whole_number(std::string_view text);

// The same, and behind it at will K, M, G or T for 1024 of the unit before, in either letter case.
std::optional<std::int64_t> parse_bytes(std::string_view text);
// The shortest way to write that number: 65536 is 64K.
std::string bytes_text(std::int64_t bytes);

// A token of RFC 9110 5.6.2, such as the name of a header: some letters, digits and these marks.
inline constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
bool is_token(std::string_view text);

// Whether a control byte other than a tab is among it.
bool has_control_byte(std::string_view text);

}  // namespace conf
