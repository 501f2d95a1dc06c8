// The common parts of request heads, response heads and trailers: where a head ends, and the syntax
// of field lines (RFC 9112 section 5).
//
// Pure. Reports faults, which each caller turns into a Reason: the same fault is a 400 in a request
// and a 502 in a response.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/http/header_list.h"

namespace worker::http {

struct HeadScan {
  enum class State : std::uint8_t { found, incomplete, bare_lf };
  State state = State::incomplete;
  std::size_t at = 0;  // found: one past the final empty line; bare_lf: the LF
};

// Looks in `bytes` for the empty line that ends the head that begins at `start`. An earlier call
// has searched the bytes before `from` (>= start).
HeadScan find_head_end(std::string_view bytes, std::size_t start, std::size_t from);

enum class Fault : std::uint8_t {
  none,
  bare_cr,
  nul_byte,
  control_char,
  leading_space,
  obs_fold,
  colon_missing,
  name_empty,
  name_invalid,
  space_before_colon,
  too_many,
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::too_many) + 1;

// How to treat white space between name and colon: a fault in a request, and removed from a
// response (RFC 9112 5.1).
enum class SpaceBeforeColon : std::uint8_t { fault, removed };

// Parses the line at `p`, which ends in CRLF before or at `end`, and moves `p` behind the line. On
// a fault, `p` is at the offending byte.
Fault parse_field_line(const char*& p, const char* end, SpaceBeforeColon space, Field& field);

// Parses all lines of [p, end), each of which ends in CRLF, into `fields`. On a fault, `p` is at
// the offending byte.
Fault parse_field_lines(const char*& p, const char* end, SpaceBeforeColon space,
                        HeaderList& fields);

}  // namespace worker::http
