// The fields that no operator may edit (Request, Reply), because a wrong value would break a
// connection or lie to a backend.
//
// Pure tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "worker/http/chars.h"

namespace worker::http {

enum class EditedHead : std::uint8_t { request, reply };

struct FixedField {
  std::string_view name;  // "Content-Length"
  std::string_view why;   // "says where the message ends, and only Pound writes it"
};

// The fixed field that `name` is, or is a twin of: X_Forwarded_For. With `is_beginning`: one that
// begins with `name`.
std::optional<FixedField> find_fixed_field(std::string_view name, bool is_beginning,
                                           EditedHead head);

// A letter or digit, in lower case, as it is; any other mark as a hyphen: so twins are equal.
constexpr char without_marks(char c) {
  const char small = lower(c);
  return is_digit(c) || (small >= 'a' && small <= 'z') ? small : '-';
}

// Whether one field is or, with `is_beginning`, may be the other, or a twin of it.
bool covers(std::string_view name, bool is_beginning, std::string_view field);

}  // namespace worker::http
