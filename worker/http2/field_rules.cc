// The rules of single fields: see field_rules.h.
#include "worker/http2/field_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "worker/http/chars.h"
#include "worker/http/scan.h"

namespace worker::http2 {
namespace {

using http::Field;
using http::FieldId;
using http::Reason;
using http::Refusal;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// Whether a token may have upper-case letters, which have bit 6 and not bit 5. Of the other bytes
// of tokens only '^' and '_' are like that.
bool may_have_upper(std::string_view token) {
  constexpr std::uint64_t kBit6 = 0x4040404040404040;
  constexpr std::size_t kWord = sizeof kBit6;
  if (token.size() < kWord) return std::any_of(token.begin(), token.end(), is_upper);
  const auto is_suspect = [token](std::size_t at) {
    const std::uint64_t word = http::internal::load_word(token.data() + at);
    return (word & ~(word << 1) & kBit6) != 0;
  };
  const std::size_t last = token.size() - kWord;
  for (std::size_t at = 0; at < last; at += kWord) {
    if (is_suspect(at)) return true;
  }
  return is_suspect(last);
}

Refusal judge_name(std::string_view text, std::string_view name, bool& plain) {
  const char* const end = name.data() + name.size();
  const std::size_t offset = http::offset_in(text, name);
  if (name.empty()) return {Reason::name_empty, offset};
  const http::NameScan scan = http::skip_name(name.data(), end);
  if (scan.end != end) {
    const auto at = static_cast<std::size_t>(scan.end - text.data());
    return {*scan.end == '\0' ? Reason::nul_byte : Reason::name_invalid, at};
  }
  plain = scan.plain;
  if (!may_have_upper(name)) return {};
  const auto* const upper = std::find_if(name.begin(), name.end(), is_upper);
  if (upper == name.end()) return {};
  return {Reason::h2_name_case, offset + static_cast<std::size_t>(upper - name.begin())};
}

}  // namespace

Line append_line(std::string& text, std::string_view name, std::string_view value) {
  const std::size_t begin = text.size();
  // Most lines are short: one append from the stack is cheaper than four.
  std::array<char, 256> line;
  if (name.size() + value.size() + kLineOverhead <= line.size()) {
    char* to = std::copy(name.begin(), name.end(), line.data());
    *to++ = ':';
    *to++ = ' ';
    to = std::copy(value.begin(), value.end(), to);
    *to++ = '\r';
    *to++ = '\n';
    text.append(line.data(), to);
  } else {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  const char* const start = text.data() + begin;
  return {{start, name.size()}, {start + name.size() + 2, value.size()}};
}

Refusal judge_value(std::string_view text, std::string_view value) {
  if (value.empty()) return {};
  const char* const end = value.data() + value.size();
  const char* const bad = http::skip_value(value.data(), end);
  if (bad != end) {
    return {*bad == '\0' ? Reason::nul_byte : Reason::control_char,
            static_cast<std::size_t>(bad - text.data())};
  }
  const std::size_t offset = http::offset_in(text, value);
  if (http::is_blank(value.front())) return {Reason::h2_value_space, offset};
  if (http::is_blank(value.back())) return {Reason::h2_value_space, offset + value.size() - 1};
  return {};
}

Refusal judge_line(std::string_view text, const Line& line, Field& field) {
  if (const Refusal refusal = judge_name(text, line.name, field.plain)) return refusal;
  if (const Refusal refusal = judge_value(text, line.value)) return refusal;
  field.name = line.name;
  field.value = line.value;
  field.id = http::field_id(line.name);
  return {};
}

Reason judge_hop(const Field& field) {
  switch (field.id) {
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
      return Reason::h2_connection_field;
    case FieldId::te:
      return http::equal_ignoring_case(field.value, "trailers") ? Reason::none : Reason::h2_te;
    default:
      return Reason::none;
  }
}

}  // namespace worker::http2
