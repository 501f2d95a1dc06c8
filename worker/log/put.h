// Copies texts and numbers to memory that has room for them. Each returns the new end.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/log/access_format.h"

namespace worker::log {

inline constexpr std::size_t kMaxNumber = 20;      // digits of 64 bits
inline constexpr std::size_t kMaxNumberRoom = 24;  // of any number or time below, with a point
inline constexpr std::size_t kMaxTime = 32;        // of put_time()

inline char* put(char* out, std::string_view text) { return out + text.copy(out, text.size()); }

inline char* put(char* out, std::uint64_t number) {
  return std::to_chars(out, out + kMaxNumber, number).ptr;
}

// With all three digits, which a number of `value` has at most.
inline char* put_thousandths(char* out, std::uint64_t value) {
  *out++ = static_cast<char>('0' + value / 100);
  *out++ = static_cast<char>('0' + value / 10 % 10);
  *out++ = static_cast<char>('0' + value % 10);
  return out;
}

// Microseconds as milliseconds: 12.345
inline char* put_ms(char* out, std::uint64_t us) {
  out = put(put(out, us / 1000), ".");
  return put_thousandths(out, us % 1000);
}

// 2026-09-21T14:13:20.123Z
inline char* put_time(char* out, const AccessRecord& record, Rfc3339Date& date) {
  out = put(put(out, date.text(record.begun_at)), ".");
  return put(put_thousandths(out, record.begun_ms), "Z");
}

}  // namespace worker::log
