// Foreign bytes as the inside of a string of JSON.
//
// Pure. Writes ASCII only, so that no sink has to change a byte of it. Characters of UTF-8 stay
// what they are (\u00e9; beyond U+FFFF two surrogates). No byte is lost: one that is not part of
// UTF-8 is shown as the four characters \xNN, and so is a backslash (\x5c), so that the reader can
// tell them from what a client has written.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace worker::log {

inline constexpr std::size_t kMostOfJsonByte = 6;  // what one byte becomes at most: \u001f

// The room in bytes that json_text() needs for a text of `size` bytes.
constexpr std::size_t json_room(std::size_t size, std::size_t most) {
  return std::min(kMostOfJsonByte * size, most);
}

struct JsonEnd {
  char* end;
  bool is_cut;
};

// Writes at most `most` bytes to `out`. A text that needs more is cut before the first character
// that does not fit, never inside of one.
JsonEnd json_text(char* out, std::string_view bytes, std::size_t most);

}  // namespace worker::log
