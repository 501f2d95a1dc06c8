// The parser of requests: one pass looks for the end of the head, a second one parses the head.
//
// Before the end has arrived, the parser gives only verdicts that no later byte can change. It
// checks for them in the same order however the bytes arrive.
#include "worker/http/request_head.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "worker/http/chars.h"
#include "worker/http/fields.h"
#include "worker/http/uri.h"

namespace worker::http {
namespace {

constexpr std::size_t kMaxEmptyLines = 8;
constexpr char kTlsHandshake = 0x16;  // the first byte of a TLS client's first record
constexpr std::string_view kVersion = "HTTP/1.1";

constexpr std::array<Reason, kFaults> kReasonOfFault{
    Reason::none,
    Reason::bare_cr,
    Reason::nul_byte,
    Reason::control_char,
    Reason::leading_space,
    Reason::obs_fold,
    Reason::colon_missing,
    Reason::name_empty,
    Reason::name_invalid,
    Reason::space_before_colon,
    Reason::fields_too_many,
};

// Refuses before the end of the head has arrived. `bytes` begin with the message and contain
// `offset`. The bytes behind `offset` are ignored, because they may have arrived or not.
ParseStatus refuse(std::string_view bytes, RequestHead& head, Refusal& refusal, Reason reason,
                   std::size_t offset) {
  head.bytes = bytes.substr(0, offset + 1);
  refusal = {reason, offset};
  return ParseStatus::refused;
}

// CR and NUL have a reason of their own wherever they occur.
Reason reason_of(char c, Reason otherwise) {
  if (c == '\r') return Reason::bare_cr;
  return c == '\0' ? Reason::nul_byte : otherwise;
}

// Skips empty lines, RFC 9112 2.2: moves `start` to the first byte of the request line.
ParseStatus skip_empty_lines(std::string_view bytes, std::size_t& start, RequestHead& head,
                             Refusal& refusal) {
  for (std::size_t lines = 0;; ++lines, start += 2) {
    if (start == bytes.size()) return ParseStatus::incomplete;
    if (bytes[start] == '\n') return refuse(bytes, head, refusal, Reason::bare_lf, start);
    if (bytes[start] != '\r') return ParseStatus::complete;
    if (start + 1 == bytes.size()) return ParseStatus::incomplete;
    if (bytes[start + 1] != '\n') return refuse(bytes, head, refusal, Reason::bare_cr, start);
    if (lines == kMaxEmptyLines) return refuse(bytes, head, refusal, Reason::empty_lines, start);
  }
}

// Refuses a head without parsing it. Keeps what has arrived of the request line, at most `most`
// bytes, for the log.
ParseStatus refuse_early(std::string_view bytes, std::size_t start, RequestHead& head,
                         Refusal& refusal, Reason reason, std::size_t offset, std::size_t most) {
  const std::string_view line = bytes.substr(start, most);
  head.line = line.substr(0, line.find_first_of("\r\n"));
  return refuse(bytes, head, refusal, reason, offset);
}

// Whether the line at `start` is longer than `most` bytes. Searches only once, in the first call
// that has enough bytes.
bool line_too_long(std::string_view bytes, std::size_t start, std::size_t from, std::size_t most) {
  const std::size_t enough = most + 2;
  if (bytes.size() - start < enough || from >= start + enough) return false;
  return std::memchr(bytes.data() + start, '\n', enough) == nullptr;
}

Refusal parse_absolute_form(std::string_view target, RequestHead& head) {
  const std::size_t offset = offset_in(head.bytes, target);
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos ||
      (!equal_ignoring_case(target.substr(0, scheme), "http") &&
       !equal_ignoring_case(target.substr(0, scheme), "https"))) {
    return {reason_of(target[0], Reason::target_form), offset};
  }
  const std::size_t begin = scheme + 3;
  const std::size_t end = std::min(target.find_first_of("/?#", begin), target.size());
  head.authority = target.substr(begin, end - begin);
  if (!valid_authority(head.authority)) return {Reason::target_authority, offset + begin};
  if (end == target.size()) {
    head.path_query = head.method == "OPTIONS" ? "*" : "/";
    return {};
  }
  const std::string_view received = target.substr(end);
  head.path_query = received;
  if (received[0] == '?') {
    // The received bytes contain no origin-form.
    head.made_path = std::make_shared<std::string>("/" + std::string(received));
    head.path_query = *head.made_path;
  }
  return judge_path_query(received, offset + end, head.breaches);
}

Refusal parse_target(std::string_view target, RequestHead& head) {
  const std::size_t offset = offset_in(head.bytes, target);
  head.target = target;
  if (target[0] == '/') {
    head.path_query = target;
    return judge_path_query(target, offset, head.breaches);
  }
  if (head.method == "CONNECT") {
    return valid_authority(target) ? Refusal{} : Refusal{Reason::target_authority, offset};
  }
  if (target == "*") {
    if (head.method != "OPTIONS") return {Reason::target_form, offset};
    head.path_query = target;
    return {};
  }
  return parse_absolute_form(target, head);
}

Refusal parse_version(std::string_view version, RequestHead& head) {
  const std::size_t offset = offset_in(head.bytes, version);
  if (version == kVersion || version == "HTTP/1.0") {
    head.version = version == kVersion ? Version::http11 : Version::http10;
    return {};
  }
  if (const std::size_t space = version.find(' '); space != std::string_view::npos) {
    return {Reason::request_line, offset + space};
  }
  const bool well_formed = version.size() == kVersion.size() && version.starts_with("HTTP/") &&
                           is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  return {well_formed ? Reason::version : Reason::version_invalid, offset};
}

// Judges the version before the target, so that the first line of another protocol is reported as
// such.
Refusal parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t offset = offset_in(head.bytes, line);
  std::size_t method = 0;
  while (method < line.size() && is(line[method], kTokenChar)) ++method;
  if (method == line.size()) return {Reason::request_line, offset + method};
  if (line[method] != ' ')
    return {reason_of(line[method], Reason::method_invalid), offset + method};
  head.method = line.substr(0, method);

  const std::size_t target = method + 1;
  const std::size_t space = line.find(' ', target);
  if (space == std::string_view::npos) return {Reason::request_line, offset + line.size()};
  if (space == target) return {Reason::request_line, offset + target};
  if (const Refusal refusal = parse_version(line.substr(space + 1), head)) return refusal;
  return parse_target(line.substr(target, space - target), head);
}

// Adds the fields in the lines of [p, end) that are fields. False when there are too many.
bool collect_fields(const char* p, const char* end, HeaderList& fields) {
  while (p != end) {
    const char* line = p;
    Field field;
    const Fault fault = parse_field_line(line, end, SpaceBeforeColon::fault, field);
    if (fault == Fault::none && !fields.add(field)) return false;
    const auto* lf =
        static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
    if (lf == nullptr) return true;
    p = fault == Fault::none ? line : lf + 1;
  }
  return true;
}

// `bytes` ends with the head's empty line.
ParseStatus parse_complete(std::string_view bytes, std::size_t start, RequestHead& head,
                           Refusal& refusal) {
  const char* const begin = bytes.data();
  const auto* lf = static_cast<const char*>(std::memchr(begin + start, '\n', bytes.size() - start));
  head.line = bytes.substr(start, static_cast<std::size_t>(lf - begin) - 1 - start);
  head.bytes = bytes;
  head.size = bytes.size();
  const char* p = lf + 1;
  const char* const end = begin + bytes.size() - 2;
  refusal = parse_request_line(head.line, head);
  if (refusal) {
    head.has_all_fields = collect_fields(p, end, head.fields);
    return ParseStatus::refused;
  }
  const Fault fault = parse_field_lines(p, end, SpaceBeforeColon::fault, head.fields);
  head.has_all_fields = fault == Fault::none;
  if (fault == Fault::none) return ParseStatus::complete;
  if (fault != Fault::too_many) {
    const auto* line_end =
        static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
    head.has_all_fields = line_end == nullptr || collect_fields(line_end + 1, end, head.fields);
  }
  refusal = {kReasonOfFault[static_cast<std::size_t>(fault)], static_cast<std::size_t>(p - begin)};
  return ParseStatus::refused;
}

}  // namespace

void RequestHead::clear(std::size_t most_fields) {
  line = method = target = authority = path_query = protocol = bytes = {};
  made_path.reset();
  version = Version::http11;
  has_content = has_all_fields = false;
  fields.clear(most_fields);
  breaches.clear();
  size = 0;
}

ParseStatus parse_request_head(std::string_view bytes, std::size_t& scanned, RequestHead& head,
                               Refusal& refusal, const Limits& limits) {
  std::size_t start = 0;
  // Even a head that is refused at its first byte is logged with its fields, so clear the old ones.
  head.clear(limits.fields);
  const ParseStatus before = skip_empty_lines(bytes, start, head, refusal);
  if (before != ParseStatus::complete) return before;
  const auto early = [&](Reason reason, std::size_t offset) {
    return refuse_early(bytes, start, head, refusal, reason, offset, limits.request_line);
  };
  // Refuse at the first byte: a TLS hello, for example, may never contain the end of a line. The
  // first byte alone decides, because no request begins with it and the next may not have arrived.
  if (bytes[start] == kTlsHandshake) return early(Reason::tls_on_http, start);
  if (!is(bytes[start], kTokenChar)) {
    return early(reason_of(bytes[start], Reason::method_invalid), start);
  }
  const std::size_t from = std::max(scanned, start);
  if (line_too_long(bytes, start, from, limits.request_line)) {
    return early(Reason::request_line_too_long, start + limits.request_line);
  }
  const std::string_view within = bytes.substr(0, start + limits.head);
  const HeadScan scan = find_head_end(within, start, std::min(from, within.size()));
  switch (scan.state) {
    case HeadScan::State::bare_lf:
      return early(Reason::bare_lf, scan.at);
    case HeadScan::State::found:
      return parse_complete(bytes.substr(0, scan.at), start, head, refusal);
    case HeadScan::State::incomplete:
      break;
  }
  if (bytes.size() > within.size()) return early(Reason::head_too_long, start + limits.head);
  scanned = bytes.size();
  return ParseStatus::incomplete;
}

}  // namespace worker::http
