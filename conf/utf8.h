// UTF-8, one character at a time: which bytes are well-formed, and which characters may be shown.
//
// Strict: no overlong forms, no surrogates, nothing above U+10FFFF. Pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace conf {

// The number of bytes of the first character of `text`, and the character in `character`. 0 when
// `text` is empty or does not begin with a well-formed character.
std::size_t decode_utf8(std::string_view text, char32_t& character);

// Whether a terminal or a log may show the character as it is: not a control character, not
// invisible, and without effect on the writing direction.
bool is_printable(char32_t character);

}  // namespace conf
