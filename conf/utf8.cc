// UTF-8, one character at a time: see utf8.h.
//
// Reads no byte past the end of the text and keeps no state.
#include "conf/utf8.h"

#include <cstdint>

namespace conf {

namespace {

std::uint8_t byte_at(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

}  // namespace

std::size_t decode_utf8(std::string_view text, char32_t& character) {
  if (text.empty()) return 0;
  const std::uint8_t first = byte_at(text, 0);
  if (first < 0x80) {
    character = first;
    return 1;
  }
  std::size_t length = 0;
  char32_t smallest = 0;
  if ((first & 0xe0) == 0xc0) {
    length = 2, smallest = 0x80, character = first & 0x1f;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3, smallest = 0x800, character = first & 0x0f;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4, smallest = 0x10000, character = first & 0x07;
  }
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    const std::uint8_t next = byte_at(text, i);
    if ((next & 0xc0) != 0x80) return 0;
    character = (character << 6) | (next & 0x3f);
  }
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  return character < smallest || character > 0x10ffff || surrogate ? 0 : length;
}

bool is_printable(char32_t character) {
  if (character < 0x20 || (character >= 0x7f && character < 0xa0)) return false;
  if (character >= 0x200b && character <= 0x200f)
    return false;  // has no width, or marks the direction
  if (character >= 0x202a && character <= 0x202e) return false;  // embeds or overrides direction
  if (character >= 0x2066 && character <= 0x2069) return false;  // isolates direction
  if (character == 0x2028 || character == 0x2029) return false;  // line and paragraph separators
  return character != 0xfeff;                                    // byte order mark
}

}  // namespace conf
