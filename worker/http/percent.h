// Percent-encoding, RFC 3986 2.1: "%41" is "A".
#pragma once

#include <cstddef>
#include <string_view>

#include "worker/http/chars.h"

namespace worker::http {

// Whether an encoded byte begins at `at`.
inline bool is_escape(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && text[at] == '%' && is(text[at + 1], kHexChar) &&
         is(text[at + 2], kHexChar);
}

// The byte of an escape that begins at `at`.
inline char unescaped(std::string_view text, std::size_t at) {
  return static_cast<char>(hex_value(text[at + 1]) << 4 | hex_value(text[at + 2]));
}

}  // namespace worker::http
