// All reasons to refuse a message, in one table.
//
// Pure data. The parsers and the sanitizer throw nothing: they return a Refusal. The code of its
// reason is stable; the access record shows it as `reason=CODE`, and the manual explains it. The
// table also says which rules `Allow` may relax (see relax.h).
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
  tls_on_http,
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
  host_too_long,
  host_mismatch,
  connection_invalid,
  expect_unknown,
  // The framing of a request's body.
  cl_invalid,
  cl_many,
  cl_te,
  te_many,
  te_not_final,
  te_unknown,
  te_http10,
  // HTTP/2 only.
  h2_name_case,
  h2_value_space,
  h2_pseudo_unknown,
  h2_pseudo_late,
  h2_pseudo_many,
  h2_pseudo_missing,
  h2_pseudo_trailer,
  h2_path,
  h2_scheme,
  h2_protocol,
  h2_connection_field,
  h2_te,
  h2_content_length,
  // The length of a request's body, chunked or not.
  body_too_long,
  // Chunked bodies, in either direction.
  chunk_size,
  chunk_space,
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

// The number of enumerators. They are dense, since counters are indexed by them.
inline constexpr std::size_t kReasons =
    static_cast<std::size_t>(Reason::response_interims_many) + 1;

inline constexpr bool is_about_responses(Reason reason) {
  return reason >= Reason::response_bare_lf;
}
// False for the rules of chunked bodies, which requests and responses have in common.
inline constexpr bool is_about_requests(Reason reason) { return reason < Reason::chunk_size; }

// Whether a request of HTTP/2 that breaks this rule is malformed: RFC 9113 8.1.1 has its stream
// reset with PROTOCOL_ERROR. The other requests get an answer.
bool is_malformed(Reason reason);

// Whether `Allow` may relax a rule; if not, what the rule protects.
enum class Relax : std::uint8_t {
  yes,         // for the requests of a listener or a service
  by_backend,  // for the responses of a backend; in requests it protects the framing
  framing,     // the ends of lines and messages
  host,        // the identity of the requested host
  tunnel,      // the inspection of every request
  limit,       // memory
};

struct ReasonInfo {
  std::string_view code;     // "bare_lf"
  int status;                // 400, 405, 414, 431, 501, 502 …
  std::string_view text;     // what is wrong, one sentence for the operator
  std::string_view section;  // "RFC 9112 2.2"
  Relax relax = Relax::framing;
};

const ReasonInfo& info(Reason reason);

// The reason with this code, or `none`.
Reason find_reason(std::string_view code);

struct Refusal {
  Reason reason = Reason::none;
  // From the first byte of the message: the offending byte, or the beginning of a field or word
  // that is refused for its meaning. 0 when something is missing.
  std::size_t offset = 0;
  explicit operator bool() const { return reason != Reason::none; }
};

// Where `part`, a view into `bytes`, begins in them.
inline std::size_t offset_in(std::string_view bytes, std::string_view part) {
  return static_cast<std::size_t>(part.data() - bytes.data());
}

// The most bytes of an excerpt.
inline constexpr std::size_t kMaxExcerpt = 64;

// The part of `bytes` to show for a refusal at `offset`: a few bytes of the line before the offset
// and more behind it. Not escaped.
std::string_view excerpt(std::string_view bytes, std::size_t offset);

}  // namespace worker::http
