// Base64 as RFC 4648 section 4 has it: with padding, and in canonical form only, so that one text
// has one encoding.
//
// Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace worker::http {

inline constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::uint8_t kNotBase64 = 64;

// The six bits that a character stands for, or kNotBase64.
inline constexpr std::array<std::uint8_t, 256> kBase64Values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNotBase64);
  for (std::size_t i = 0; i < kBase64Alphabet.size(); ++i) {
    values[static_cast<unsigned char>(kBase64Alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

// Calls `take(char)` with each byte. Returns false when `encoded` is empty or not canonical; some
// bytes may have been taken by then.
template <class Take>
bool decode_base64(std::string_view encoded, Take take) {
  if (encoded.empty() || encoded.size() % 4 != 0) return false;
  if (encoded.back() == '=') encoded.remove_suffix(1);
  if (encoded.back() == '=') encoded.remove_suffix(1);
  std::uint32_t waiting = 0;  // its low `bits` bits are not decoded yet
  unsigned bits = 0;
  for (const char c : encoded) {
    const std::uint8_t value = kBase64Values[static_cast<unsigned char>(c)];
    if (value == kNotBase64) return false;
    waiting = (waiting & 0xffu) << 6 | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    take(static_cast<char>(waiting >> bits & 0xffu));
  }
  return (waiting & ((1u << bits) - 1)) == 0;
}

// `bytes`: a container of bytes.
template <class Bytes>
std::string encode_base64(const Bytes& bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= count ? kBase64Alphabet[group >> (18 - 6 * i) & 63u] : '=';
    }
  }
  return text;
}

}  // namespace worker::http
