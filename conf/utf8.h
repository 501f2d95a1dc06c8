// UTF-8, one character at a time: what is well-formed and what is fit to be shown.
//
// Strict: no overlong forms, no surrogates, nothing above U+10FFFF. Pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace conf {

// The bytes that the first character of `text` takes, and the character in `character`;
// 0 when `text` is empty or does not begin with a well-formed character.
std::size_t decode_utf8(std::string_view text, char32_t& character);

// Whether a terminal or a log may get it as it is: no control, nothing that hides or that
// changes the writing direction.
bool is_printable(char32_t character);

}  // namespace conf
