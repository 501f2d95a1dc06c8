// Header blocks for tests, written by hand, and a sink that keeps what they decode to.
#pragma once

#include <string>
#include <string_view>

#include "worker/http2/hpack.h"

namespace http2_blocks {

// Keeps fields as "name=value|".
struct Collected final : worker::http2::FieldSink {
  bool on_field(std::string_view name, std::string_view value) override {
    ++calls;
    text.append(name).append("=").append(value).append("|");
    return calls < most;
  }

  std::string text;
  std::size_t calls = 0;
  std::size_t most = 100000;
};

inline std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

// RFC 7541 5.2, not in Huffman's code.
inline std::string plain_string(std::string_view text) {
  std::string out;
  std::size_t size = text.size();
  if (size < 127) {
    out.push_back(static_cast<char>(size));
  } else {
    out.push_back('\x7f');
    for (size -= 127; size >= 128; size >>= 7) out.push_back(static_cast<char>(size % 128 + 128));
    out.push_back(static_cast<char>(size));
  }
  return out.append(text);
}

// A literal with a new name that goes into the table, or that does not.
inline std::string literal(std::string_view name, std::string_view value) {
  return "\x40" + plain_string(name) + plain_string(value);
}
inline std::string literal_apart(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + plain_string(name) + plain_string(value);
}

}  // namespace http2_blocks
