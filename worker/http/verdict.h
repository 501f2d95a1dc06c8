// The reasons for which a message is refused, in one table.
//
// Pure data. A Refusal is what the parsers and the sanitizer return instead of throwing; its code
// is stable, stands in the access record as `reason=CODE` and in the manual. Which rules `Allow`
// may relax stands here, too; relax.h says how.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace worker::http {

// One enumerator per row of the table in verdict.cc, in the same order.
enum class Reason : std::uint8_t {
  none,
  // Any line of a request's head.
  bare_lf,
  bare_cr,
  nul_byte,
  control_char,
  // The request line.
  empty_lines,
  request_line,
  request_line_too_long,
  method_invalid,
  method_unknown,
  method_refused,
  target_form,
  target_authority,
  target_char,
  target_fragment,
  percent_encoding,
  version_invalid,
  version,
  // The fields of a request.
  head_too_long,
  fields_too_many,
  leading_space,
  obs_fold,
  colon_missing,
  name_empty,
  name_invalid,
  space_before_colon,
  host_missing,
  host_many,
  host_empty,
  host_invalid,
  host_mismatch,
  connection_invalid,
  expect_unknown,
  // Where a request's body ends.
  cl_invalid,
  cl_many,
  cl_te,
  te_many,
  te_not_final,
  te_unknown,
  te_http10,
  // A request's body, also a chunked one.
  body_too_long,
  // Chunked bodies, in either direction.
  chunk_size,
  chunk_too_large,
  chunk_extension,
  chunk_extensions_too_long,
  chunk_crlf,
  trailer_field,
  trailer_too_long,
  // A backend's response.
  response_bare_lf,
  response_bare_cr,
  response_control_char,
  response_status_line,
  response_version,
  response_status,
  response_head_too_long,
  response_fields_too_many,
  response_obs_fold,
  response_field,
  response_cl_invalid,
  response_cl_many,
  response_cl_te,
  response_te_unknown,
  response_te_http10,
  response_switch_unasked,
  response_switch_protocol,
  response_interims_many,
};

// Counters are indexed by the enumerators: they are dense, and this is one more than the last.
inline constexpr std::size_t kReasons =
    static_cast<std::size_t>(Reason::response_interims_many) + 1;

// Whether `Allow` may name a rule, and if not, what the rule guards.
enum class Relax : std::uint8_t {
  yes,
  framing,   // where lines and messages end
  host,      // which host is asked for
  tunnel,    // that nothing passes unread
  limit,     // memory
  response,  // clients from backends
};

struct ReasonInfo {
  std::string_view code;     // "bare_lf"
  int status;                // 400, 405, 414, 431, 501, 502 …
  std::string_view text;     // for people: what is wrong, one sentence
  std::string_view section;  // "RFC 9112 2.2"
  Relax relax = Relax::framing;
};

const ReasonInfo& info(Reason reason);

// The reason with this code; `none` when there is none.
Reason find_reason(std::string_view code);

struct Refusal {
  Reason reason = Reason::none;
  std::size_t offset =
      0;  // of the offending byte, or of the field or word that is refused for
          // what it means; from the first byte of the message. 0 for what is missing
  explicit operator bool() const { return reason != Reason::none; }
};

// Where `part`, a view into `bytes`, begins in them.
inline std::size_t offset_in(std::string_view bytes, std::string_view part) {
  return static_cast<std::size_t>(part.data() - bytes.data());
}

// Bytes of an excerpt.
inline constexpr std::size_t kMaxExcerpt = 64;

// What of `bytes` to show for a refusal at `offset`: within the line, some bytes before and more
// behind. Not escaped.
std::string_view excerpt(std::string_view bytes, std::size_t offset);

}  // namespace worker::http
