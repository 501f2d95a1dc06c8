// See json_text.h.
#include "worker/log/json_text.h"

#include <array>

#include "conf/utf8.h"
#include "worker/log/escape.h"

namespace worker::log {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

// One character of the text, as it is written.
struct Code {
  std::array<char, 12> text;
  std::size_t size = 0;
  std::size_t of = 1;  // bytes that it stands for

  void add(std::string_view more) {
    more.copy(text.data() + size, more.size());
    size += more.size();
  }
  void add_unit(unsigned unit) {
    add("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) text[size++] = kHex[(unit >> shift) & 15U];
  }
  void add_byte(char byte) {
    const auto c = static_cast<unsigned char>(byte);
    add("\\\\x");
    text[size++] = kHex[c >> 4U];
    text[size++] = kHex[c & 15U];
  }
};

Code code_of(std::string_view bytes) {
  Code code;
  const char c = bytes.front();
  char32_t character = 0;
  if (c == '"') {
    code.add("\\\"");
  } else if (c == '\\') {
    code.add_byte(c);
  } else if (const std::size_t size = conf::decode_utf8(bytes, character); size == 0) {
    code.add_byte(c);
  } else if (character < 0x10000) {
    code.of = size;
    code.add_unit(character);
  } else {
    code.of = size;
    code.add_unit(0xd800U + ((character - 0x10000U) >> 10U));
    code.add_unit(0xdc00U + ((character - 0x10000U) & 0x3ffU));
  }
  return code;
}

}  // namespace

JsonEnd json_text(char* out, std::string_view bytes, std::size_t most) {
  while (!bytes.empty()) {
    const std::size_t run = std::min(plain_run(bytes), most);
    out += bytes.copy(out, run);
    bytes.remove_prefix(run);
    most -= run;
    if (bytes.empty()) break;
    if (most == 0) return {out, true};
    const Code code = code_of(bytes);
    if (code.size > most) return {out, true};
    out += std::string_view(code.text.data(), code.size).copy(out, code.size);
    bytes.remove_prefix(code.of);
    most -= code.size;
  }
  return {out, false};
}

}  // namespace worker::log
