// What a text must be before a YAML parser may see it: UTF-8, printable, one kind of line ends.
//
// See source_text.h. One pass over the text; looks at bytes and never at YAML's structure, but for
// counting the lines that may be directives.
#include "conf/source_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "conf/load.h"
#include "conf/utf8.h"

namespace conf {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// libyaml compares each %TAG with all before it. A configuration needs none.
constexpr int kMaxDirectives = 16;

Position place_of(const std::shared_ptr<const SourceFile>& file, std::size_t offset) {
  std::string_view rest = file->text;
  std::size_t line = 1;
  std::size_t line_start = 0;
  while (!rest.empty()) {
    take_line(rest);
    const std::size_t next = file->text.size() - rest.size();
    if (rest.empty() || next > offset) break;
    line_start = next;
    ++line;
  }
  return {file, line, offset - line_start + 1};
}

// Why YAML cannot have this character, or nothing.
std::string_view objection(char32_t c) {
  if (c == 0) return "a NUL byte; a configuration is UTF-8 text";
  if (c == 0x85 || c == 0x2028 || c == 0x2029) {
    return "a Unicode line separator, which YAML 1.1 treats as a line end; use a line feed";
  }
  if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f || (c > 0x7f && c < 0xa0)) {
    return "a control character, which YAML does not allow";
  }
  if (c == 0xfeff) return "a byte order mark in the middle of the text";
  if (c == 0xfffe || c == 0xffff) return "U+FFFE or U+FFFF, which YAML does not allow";
  return {};
}

std::string hexadecimal(char byte) {
  std::array<char, 8> out{};
  std::snprintf(out.data(), out.size(), "\\x%02x", static_cast<unsigned>(byte) & 0xffu);
  return out.data();
}

bool check_characters(const std::shared_ptr<const SourceFile>& file, Diagnostics& diagnostics) {
  const std::string_view text = file->text;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] >= ' ' && text[at] < '\x7f') {
      ++at;
      continue;
    }
    char32_t character = 0;
    const std::size_t length = decode_utf8(text.substr(at), character);
    if (length == 0) {
      diagnostics.error(place_of(file, at), "the byte " + hexadecimal(text[at]) +
                                                " is not UTF-8; save the file as UTF-8");
      return false;
    }
    if (const std::string_view why = objection(character); !why.empty()) {
      diagnostics.error(place_of(file, at), std::string(why));
      return false;
    }
    at += length;
  }
  return true;
}

bool check_directives(const std::shared_ptr<const SourceFile>& file, Diagnostics& diagnostics) {
  std::string_view rest = file->text;
  int directives = 0;
  for (std::size_t line = 1; !rest.empty(); ++line) {
    if (!take_line(rest).starts_with('%')) continue;
    if (++directives > kMaxDirectives) {
      diagnostics.error({file, line, 1}, "more than " + std::to_string(kMaxDirectives) +
                                             " lines begin with `%`; a configuration needs none");
      return false;
    }
  }
  return true;
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

bool check_source(const std::shared_ptr<const SourceFile>& file, Diagnostics& diagnostics) {
  if (file->text.size() > kMaxFileBytes) {
    diagnostics.error({file, 0, 0},
                      "more than " + std::to_string(kMaxFileBytes >> 20) + " MiB of text");
    return false;
  }
  if (file->text.starts_with("\xff\xfe") || file->text.starts_with("\xfe\xff")) {
    diagnostics.error({file, 0, 0}, "the text is UTF-16; save the file as UTF-8");
    return false;
  }
  return check_characters(file, diagnostics) && check_directives(file, diagnostics);
}

}  // namespace conf
