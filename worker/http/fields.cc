// Field lines: see fields.h. find_head_end has checked that every LF follows a CR and that the
// block ends in CRLF, so reading one byte behind a CR never leaves the block.
#include "worker/http/fields.h"

#include <cstring>

#include "worker/http/chars.h"
#include "worker/http/scan.h"

namespace worker::http {
namespace {

// The fault at `p`, which ends a name but is not a colon.
Fault name_fault(const char* p, const char* end) {
  if (*p == '\r') return p[1] == '\n' ? Fault::colon_missing : Fault::bare_cr;
  if (*p == '\0') return Fault::nul_byte;
  while (p != end && is_blank(*p)) ++p;
  return *p == ':' ? Fault::space_before_colon : Fault::name_invalid;
}

Fault value_fault(const char* p) {
  if (*p == '\r') return Fault::bare_cr;
  return *p == '\0' ? Fault::nul_byte : Fault::control_char;
}

}  // namespace

HeadScan find_head_end(std::string_view bytes, std::size_t start, std::size_t from) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* const first = begin + start;
  const char* p = begin + from;
  while (p != end) {
    p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
    if (p == nullptr) break;
    const auto at = static_cast<std::size_t>(p - begin);
    if (p == first || p[-1] != '\r') return {HeadScan::State::bare_lf, at};
    if (p - first >= 3 && p[-2] == '\n') return {HeadScan::State::found, at + 1};
    ++p;
  }
  return {HeadScan::State::incomplete, 0};
}

// Inline for the loop in parse_field_lines.
inline Fault parse_one_line(const char*& at, const char* end, SpaceBeforeColon space,
                            Field& field) {
  const char* p = at;
  const auto stop = [&](Fault fault) {
    at = p;
    return fault;
  };
  if (is_blank(*p)) return stop(Fault::obs_fold);
  const char* const name = p;
  const NameScan scan = skip_name(p, end);
  p = scan.end;
  if (*p != ':') {
    const Fault fault = name_fault(p, end);
    if (fault != Fault::space_before_colon || space == SpaceBeforeColon::fault) return stop(fault);
    while (*p != ':') ++p;
  }
  if (name == scan.end) return stop(Fault::name_empty);
  ++p;
  while (is_blank(*p)) ++p;
  const char* const value = p;
  p = skip_value(p, end);
  if (*p != '\r' || p[1] != '\n') return stop(value_fault(p));
  const char* value_end = p;
  while (value_end != value && is_blank(value_end[-1])) --value_end;
  at = p + 2;
  field.name = {name, static_cast<std::size_t>(scan.end - name)};
  field.value = {value, static_cast<std::size_t>(value_end - value)};
  field.id = field_id(field.name);
  field.plain = scan.plain;
  return Fault::none;
}

Fault parse_field_line(const char*& p, const char* end, SpaceBeforeColon space, Field& field) {
  return parse_one_line(p, end, space, field);
}

Fault parse_field_lines(const char*& p, const char* end, SpaceBeforeColon space,
                        HeaderList& fields) {
  if (p != end && is_blank(*p)) return Fault::leading_space;
  const char* at = p;
  Fault fault = Fault::none;
  while (at != end) {
    const char* const line = at;
    Field field;
    fault = parse_one_line(at, end, space, field);
    if (fault != Fault::none) break;
    if (!fields.add(field)) {
      at = line;
      fault = Fault::too_many;
      break;
    }
  }
  p = at;
  return fault;
}

}  // namespace worker::http
