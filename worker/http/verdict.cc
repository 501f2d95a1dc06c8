// The table of reasons: the only place that gives a rule its code, status, text and section. A code
// keeps its name once it is released, since operators search their logs for it.
#include "worker/http/verdict.h"

#include <algorithm>
#include <array>

namespace worker::http {
namespace {

struct Row {
  Reason reason;
  ReasonInfo info;
};

constexpr std::array kTable{
    Row{Reason::none, {"none", 200, "Nothing is wrong.", ""}},

    Row{Reason::bare_lf, {"bare_lf", 400, "A line ends in LF without CR.", "RFC 9112 2.2"}},
    Row{Reason::bare_cr, {"bare_cr", 400, "A CR is not followed by LF.", "RFC 9112 2.2"}},
    Row{Reason::nul_byte, {"nul_byte", 400, "The head contains a NUL byte.", "RFC 9110 5.5"}},
    Row{Reason::control_char,
        {"control_char", 400, "The target or a field value contains a control character.",
         "RFC 9110 5.5"}},

    Row{Reason::empty_lines,
        {"empty_lines", 400, "More than 8 empty lines precede the request.", "RFC 9112 2.2",
         Relax::limit}},
    Row{Reason::request_line,
        {"request_line", 400,
         "The request line is not a method, a target and a version, separated by single spaces.",
         "RFC 9112 3"}},
    Row{Reason::request_line_too_long,
        {"request_line_too_long", 414, "The request line is longer than MaxURI.", "RFC 9112 3",
         Relax::limit}},
    Row{Reason::tls_on_http,
        {"tls_on_http", 400, "The client speaks TLS, and this port speaks plain HTTP.",
         "RFC 8446 5.1"}},
    Row{Reason::method_invalid,
        {"method_invalid", 400, "The method is not a token.", "RFC 9110 9.1"}},
    Row{Reason::method_unknown,
        {"method_unknown", 405, "The method is neither registered nor one of Methods.",
         "RFC 9110 9.1", Relax::yes}},
    Row{Reason::method_refused,
        {"method_refused", 405,
         "The method is CONNECT, TRACE, TRACK or PRI, or HEAD in another letter case.",
         "RFC 9110 9.3", Relax::tunnel}},
    Row{Reason::target_form,
        {"target_form", 400, "The form of the request target is not allowed for the method.",
         "RFC 9112 3.2"}},
    Row{Reason::target_authority,
        {"target_authority", 400, "The authority in the request target is not valid.",
         "RFC 3986 3.2", Relax::host}},
    Row{Reason::target_char,
        {"target_char", 400, "The request target has a character that is not allowed there.",
         "RFC 3986 3.3", Relax::yes}},
    Row{Reason::target_fragment,
        {"target_fragment", 400, "The request target has a fragment.", "RFC 9112 3.2"}},
    Row{Reason::percent_encoding,
        {"percent_encoding", 400, "A '%' in the path is not followed by two hexadecimal digits.",
         "RFC 3986 2.1", Relax::yes}},
    Row{Reason::version_invalid,
        {"version_invalid", 400, "The request line does not end in an HTTP version.",
         "RFC 9112 2.3"}},
    Row{Reason::version,
        {"version", 505, "The version is neither HTTP/1.0 nor HTTP/1.1.", "RFC 9110 15.6.6"}},

    Row{Reason::head_too_long,
        {"head_too_long", 431, "The head is longer than MaxHeader.", "RFC 6585 5", Relax::limit}},
    Row{Reason::fields_too_many,
        {"fields_too_many", 431, "The head has more fields than MaxHeaders.", "RFC 6585 5",
         Relax::limit}},
    Row{Reason::leading_space,
        {"leading_space", 400, "White space precedes the first field.", "RFC 9112 2.2"}},
    Row{Reason::obs_fold,
        {"obs_fold", 400, "A field is continued on the next line.", "RFC 9112 5.2"}},
    Row{Reason::colon_missing,
        {"colon_missing", 400, "A line of the head has no colon.", "RFC 9112 5"}},
    Row{Reason::name_empty, {"name_empty", 400, "A field has no name.", "RFC 9110 5.1"}},
    Row{Reason::name_invalid,
        {"name_invalid", 400, "The name of a field is not a token.", "RFC 9110 5.1"}},
    Row{Reason::space_before_colon,
        {"space_before_colon", 400, "White space precedes the colon of a field.", "RFC 9112 5.1"}},
    Row{Reason::host_missing,
        {"host_missing", 400, "The request is not of HTTP/1.0 and has no Host.", "RFC 9112 3.2",
         Relax::yes}},
    Row{Reason::host_many,
        {"host_many", 400, "The request has more than one Host.", "RFC 9112 3.2", Relax::host}},
    Row{Reason::host_empty, {"host_empty", 400, "Host is empty.", "RFC 9110 4.2.1", Relax::yes}},
    Row{Reason::host_invalid,
        {"host_invalid", 400, "Host is not a host with an optional port.", "RFC 9110 7.2",
         Relax::host}},
    Row{Reason::host_too_long,
        {"host_too_long", 400, "The host with its port is longer than 255 bytes.", "RFC 1035 2.3.4",
         Relax::limit}},
    Row{Reason::host_mismatch,
        {"host_mismatch", 400, "Host and the request target name different hosts.",
         "RFC 9112 3.2.2", Relax::host}},
    Row{Reason::connection_invalid,
        {"connection_invalid", 400, "Connection is not a list of at most 64 tokens.",
         "RFC 9110 7.6.1", Relax::yes}},
    Row{Reason::expect_unknown,
        {"expect_unknown", 417, "The expectation is not 100-continue.", "RFC 9110 10.1.1",
         Relax::yes}},

    Row{Reason::cl_invalid,
        {"cl_invalid", 400, "Content-Length is not a number below 2^63.", "RFC 9110 8.6"}},
    Row{Reason::cl_many,
        {"cl_many", 400, "The request has more than one Content-Length.", "RFC 9112 6.3"}},
    Row{Reason::cl_te,
        {"cl_te", 400, "The request has both Content-Length and Transfer-Encoding.",
         "RFC 9112 6.1"}},
    Row{Reason::te_many,
        {"te_many", 400, "Transfer-Encoding or its coding chunked occurs more than once.",
         "RFC 9112 6.1"}},
    Row{Reason::te_not_final,
        {"te_not_final", 400, "The last transfer coding is not chunked.", "RFC 9112 6.3"}},
    Row{Reason::te_unknown,
        {"te_unknown", 501, "A transfer coding other than chunked is used.", "RFC 9112 6.1"}},
    Row{Reason::te_http10,
        {"te_http10", 400, "An HTTP/1.0 request has Transfer-Encoding.", "RFC 9112 6.1"}},

    Row{Reason::h2_name_case,
        {"h2_name_case", 400, "The name of a field has an upper-case letter.", "RFC 9113 8.2.1"}},
    Row{Reason::h2_value_space,
        {"h2_value_space", 400, "White space precedes or follows the value of a field.",
         "RFC 9113 8.2.1"}},
    Row{Reason::h2_pseudo_unknown,
        {"h2_pseudo_unknown", 400, "A pseudo-field is unknown, or not allowed in this request.",
         "RFC 9113 8.3"}},
    Row{Reason::h2_pseudo_late,
        {"h2_pseudo_late", 400, "A pseudo-field follows another field.", "RFC 9113 8.3"}},
    Row{Reason::h2_pseudo_many,
        {"h2_pseudo_many", 400, "A pseudo-field occurs more than once.", "RFC 9113 8.3"}},
    Row{Reason::h2_pseudo_missing,
        {"h2_pseudo_missing", 400, "The request has no :method, :scheme or :path.",
         "RFC 9113 8.3.1"}},
    Row{Reason::h2_pseudo_trailer,
        {"h2_pseudo_trailer", 400, "The trailer has a pseudo-field.", "RFC 9113 8.1"}},
    Row{Reason::h2_path,
        {"h2_path", 400, ":path does not begin with '/' or has a space.", "RFC 9113 8.3.1"}},
    Row{Reason::h2_scheme,
        {"h2_scheme", 421, ":scheme is not that of the listener.", "RFC 9110 7.4", Relax::host}},
    Row{Reason::h2_protocol,
        {"h2_protocol", 501, "The :protocol of an extended CONNECT is not websocket.", "RFC 8441 4",
         Relax::tunnel}},
    Row{Reason::h2_connection_field,
        {"h2_connection_field", 400, "A field speaks about the connection.", "RFC 9113 8.2.2"}},
    Row{Reason::h2_te, {"h2_te", 400, "TE is not trailers.", "RFC 9113 8.2.2"}},
    Row{Reason::h2_content_length,
        {"h2_content_length", 400, "The content is not as long as Content-Length says.",
         "RFC 9113 8.1.1"}},

    Row{Reason::body_too_long,
        {"body_too_long", 413, "The body is longer than MaxRequest.", "RFC 9110 15.5.14",
         Relax::limit}},

    Row{Reason::chunk_size,
        {"chunk_size", 400, "The size of a chunk is not a hexadecimal number.", "RFC 9112 7.1"}},
    Row{Reason::chunk_space,
        {"chunk_space", 400, "White space follows the size of a chunk.", "RFC 9112 7.1",
         Relax::by_backend}},
    Row{Reason::chunk_too_large,
        {"chunk_too_large", 400, "The size of a chunk is not below 2^63.", "RFC 9112 7.1"}},
    Row{Reason::chunk_extension,
        {"chunk_extension", 400, "A chunk extension is malformed.", "RFC 9112 7.1.1"}},
    Row{Reason::chunk_extensions_too_long,
        {"chunk_extensions_too_long", 400, "The chunk extensions of the body exceed 4 KiB.",
         "RFC 9112 7.1.1", Relax::limit}},
    Row{Reason::chunk_crlf,
        {"chunk_crlf", 400, "A chunk's size or data is not followed by CRLF.", "RFC 9112 7.1"}},
    Row{Reason::trailer_field,
        {"trailer_field", 400, "A line of the trailer is not a well-formed field.",
         "RFC 9112 7.1.2"}},
    Row{Reason::trailer_too_long,
        {"trailer_too_long", 400, "The trailer is longer than 8 KiB.", "RFC 9112 7.1.2",
         Relax::limit}},

    Row{Reason::response_bare_lf,
        {"response_bare_lf", 502, "A line of the response's head ends in LF without CR.",
         "RFC 9112 2.2", Relax::by_backend}},
    Row{Reason::response_bare_cr,
        {"response_bare_cr", 502, "A CR in the response's head is not followed by LF.",
         "RFC 9112 2.2"}},
    Row{Reason::response_control_char,
        {"response_control_char", 502, "The response's head contains a control character.",
         "RFC 9110 5.5"}},
    Row{Reason::response_status_line,
        {"response_status_line", 502, "The response does not begin with a status line.",
         "RFC 9112 4"}},
    Row{Reason::response_version,
        {"response_version", 502, "The response's version is neither HTTP/1.0 nor HTTP/1.1.",
         "RFC 9112 2.3"}},
    Row{Reason::response_status,
        {"response_status", 502, "The status is not a number from 100 to 599.", "RFC 9110 15",
         Relax::by_backend}},
    Row{Reason::response_head_too_long,
        {"response_head_too_long", 502, "The response's head is longer than 64 KiB.",
         "RFC 9110 5.4", Relax::limit}},
    Row{Reason::response_fields_too_many,
        {"response_fields_too_many", 502,
         "The response's head has more fields than the backend's MaxHeaders.", "RFC 9110 5.4",
         Relax::limit}},
    Row{Reason::response_obs_fold,
        {"response_obs_fold", 502, "A field of the response is continued on the next line.",
         "RFC 9112 5.2"}},
    Row{Reason::response_field,
        {"response_field", 502, "A line of the response's head is not a well-formed field.",
         "RFC 9112 5"}},
    Row{Reason::response_cl_invalid,
        {"response_cl_invalid", 502, "The response's Content-Length is not a number below 2^63.",
         "RFC 9110 8.6"}},
    Row{Reason::response_cl_many,
        {"response_cl_many", 502, "The response has more than one Content-Length.", "RFC 9112 6.3",
         Relax::by_backend}},
    Row{Reason::response_cl_te,
        {"response_cl_te", 502, "The response has both Content-Length and Transfer-Encoding.",
         "RFC 9112 6.3"}},
    Row{Reason::response_te_unknown,
        {"response_te_unknown", 502, "The response has a transfer coding other than chunked.",
         "RFC 9112 6.1"}},
    Row{Reason::response_te_http10,
        {"response_te_http10", 502, "An HTTP/1.0 response has Transfer-Encoding.", "RFC 9112 6.1"}},
    Row{Reason::response_switch_unasked,
        {"response_switch_unasked", 502, "The backend switches protocols without being asked.",
         "RFC 9110 7.8", Relax::tunnel}},
    Row{Reason::response_switch_protocol,
        {"response_switch_protocol", 502,
         "The backend does not switch to the protocol that was asked for.", "RFC 9110 7.8",
         Relax::tunnel}},
    Row{Reason::response_interims_many,
        {"response_interims_many", 502, "The backend sends more than 100 interim responses.",
         "RFC 9110 15.2", Relax::limit}},
};

static_assert(kTable.size() == kReasons, "one row per enumerator");

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].reason) != i) return false;
  }
  return true;
}
static_assert(in_order(), "the rows have the order of the enumerators");

}  // namespace

bool is_malformed(Reason reason) {
  switch (reason) {
    case Reason::nul_byte:
    case Reason::control_char:
    case Reason::method_invalid:
    case Reason::name_empty:
    case Reason::name_invalid:
    case Reason::host_mismatch:
    case Reason::cl_invalid:
    case Reason::cl_many:
    case Reason::h2_name_case:
    case Reason::h2_value_space:
    case Reason::h2_pseudo_unknown:
    case Reason::h2_pseudo_late:
    case Reason::h2_pseudo_many:
    case Reason::h2_pseudo_missing:
    case Reason::h2_pseudo_trailer:
    case Reason::h2_path:
    case Reason::h2_connection_field:
    case Reason::h2_te:
    case Reason::h2_content_length:
      return true;
    default:
      return false;
  }
}

const ReasonInfo& info(Reason reason) { return kTable[static_cast<std::size_t>(reason)].info; }

Reason find_reason(std::string_view code) {
  const auto* found = std::find_if(kTable.begin() + 1, kTable.end(),
                                   [code](const Row& row) { return row.info.code == code; });
  return found == kTable.end() ? Reason::none : found->reason;
}

std::string_view excerpt(std::string_view bytes, std::size_t offset) {
  constexpr std::size_t kMostBefore = 24;
  if (offset >= bytes.size()) return {};
  std::size_t begin = offset;
  while (begin != 0 && offset - begin < kMostBefore && bytes[begin - 1] != '\n') --begin;
  // Show the offending byte even when it ends the line, but never the next line.
  const std::size_t end =
      bytes[offset] == '\n' ? offset + 1 : bytes.find_first_of("\r\n", offset + 1);
  return bytes.substr(begin, std::min(end, begin + kMaxExcerpt) - begin);
}

}  // namespace worker::http
