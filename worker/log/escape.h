// Makes foreign bytes printable, so that they cannot forge a line or a field of the log.
//
// Pure. Control bytes, bytes above 0x7e, '"' and '\' become \xNN; everything else stays as it is. A
// text whose escaped form would exceed `most` bytes is cut before the first byte that does not fit,
// never inside an escape, and ends in "...", which comes on top of `most`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace worker::log {

inline constexpr std::size_t kMostEscaped = 2048;  // bytes; where the caller sets no limit

inline constexpr std::string_view kEllipsis = "...";
inline constexpr std::size_t kEscapeSize = 4;  // bytes of \xNN

// The room in bytes that escape() needs for a text of `size` bytes.
constexpr std::size_t escape_room(std::size_t size, std::size_t most) {
  return std::min(kEscapeSize * size, most) + kEllipsis.size();
}

// The number of bytes before the first one that needs an escape; nearly always all of them.
std::size_t plain_run(std::string_view bytes);

// Writes the escaped form of `bytes` to `out`, which has escape_room() bytes; returns its end.
char* escape(char* out, std::string_view bytes, std::size_t most);

// Likewise, as one word: a space is escaped, too. The last bytes of `most` may stay unused.
char* escape_word(char* out, std::string_view bytes, std::size_t most);

void append_escaped(std::string& out, std::string_view bytes, std::size_t most = kMostEscaped);
std::string escaped(std::string_view bytes, std::size_t most = kMostEscaped);

}  // namespace worker::log
