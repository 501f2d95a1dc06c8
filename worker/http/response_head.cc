// The parser of responses: the same two passes as for a request, with other reasons.
#include "worker/http/response_head.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "worker/http/chars.h"
#include "worker/http/fields.h"
#include "worker/http/scan.h"

namespace worker::http {
namespace {

constexpr std::string_view kName = "HTTP/";
constexpr std::size_t kVersionSize = 8;  // "HTTP/1.1"

constexpr std::array<Reason, kFaults> kReasonOfFault{
    Reason::none,
    Reason::response_bare_cr,
    Reason::response_control_char,
    Reason::response_control_char,
    Reason::response_obs_fold,
    Reason::response_obs_fold,
    Reason::response_field,
    Reason::response_field,
    Reason::response_field,
    Reason::response_field,
    Reason::response_fields_too_many,
};

// Refuses before the end of the head has arrived. The bytes behind `offset` are ignored, because
// they may have arrived or not.
ParseStatus refuse(std::string_view bytes, ResponseHead& head, Refusal& refusal, Reason reason,
                   std::size_t offset) {
  head.bytes = bytes.substr(0, offset + 1);
  refusal = {reason, offset};
  return ParseStatus::refused;
}

Refusal parse_version(std::string_view line, ResponseHead& head) {
  const bool well_formed =
      line.size() >= kVersionSize && is_digit(line[5]) && line[6] == '.' && is_digit(line[7]);
  if (!well_formed) return {Reason::response_status_line, kName.size()};
  if (line[5] != '1' || line[7] > '1') return {Reason::response_version, kName.size()};
  head.minor_version = line[7] - '0';
  return {};
}

// The reason phrase may be missing, with or without the space before it. `line` ends before CRLF
// and begins with "HTTP/".
Refusal parse_status_line(std::string_view line, RuleSet relaxed, ResponseHead& head) {
  if (const Refusal refusal = parse_version(line, head)) return refusal;
  if (line.size() == kVersionSize || line[kVersionSize] != ' ') {
    return {Reason::response_status_line, kVersionSize};
  }
  const std::size_t begin = kVersionSize + 1;
  const std::string_view digits = line.substr(begin, 3);
  const char highest = relaxed.contains(Reason::response_status) ? '9' : '5';
  if (digits.size() < 3 || !std::all_of(digits.begin(), digits.end(), is_digit) ||
      digits[0] < '1' || digits[0] > highest) {
    return {Reason::response_status, begin};
  }
  head.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  const std::string_view rest = line.substr(begin + 3);
  if (rest.empty()) return {};
  if (rest[0] != ' ') {
    return {is_digit(rest[0]) ? Reason::response_status : Reason::response_status_line, begin + 3};
  }
  head.reason = rest.substr(1);
  const char* const end = rest.data() + rest.size();
  const char* const bad = skip_value(rest.data(), end);
  if (bad == end) return {};
  return {*bad == '\r' ? Reason::response_bare_cr : Reason::response_control_char,
          static_cast<std::size_t>(bad - line.data())};
}

// `bytes` ends with the head's empty line.
ParseStatus parse_complete(std::string_view bytes, const ResponseRules& rules, ResponseHead& head,
                           Refusal& refusal) {
  const char* const begin = bytes.data();
  const auto* lf = static_cast<const char*>(std::memchr(begin, '\n', bytes.size()));
  head.reason = {};
  head.fields.clear(rules.fields);
  head.bytes = bytes;
  head.size = bytes.size();
  const std::string_view line = bytes.substr(0, static_cast<std::size_t>(lf - begin) - 1);
  refusal = parse_status_line(line, rules.relaxed, head);
  if (refusal) return ParseStatus::refused;
  const char* p = lf + 1;
  const Fault fault =
      parse_field_lines(p, begin + bytes.size() - 2, SpaceBeforeColon::removed, head.fields);
  if (fault == Fault::none) return ParseStatus::complete;
  refusal = {kReasonOfFault[static_cast<std::size_t>(fault)], static_cast<std::size_t>(p - begin)};
  return ParseStatus::refused;
}

// The offset of the first line's LF where that LF has no CR; else npos.
std::size_t first_bare_lf(std::string_view bytes) {
  const std::size_t lf = bytes.find('\n');
  return lf != std::string_view::npos && bytes[lf - 1] != '\r' ? lf : std::string_view::npos;
}

// find_head_end for a head whose lines all end in bare LFs. A line that ends in CRLF is reported as
// `bare_lf`, because the others do not.
HeadScan find_lf_head_end(std::string_view bytes, std::size_t from) {
  for (std::size_t lf = bytes.find('\n', from); lf != std::string_view::npos;
       lf = bytes.find('\n', lf + 1)) {
    if (bytes[lf - 1] == '\r') return {HeadScan::State::bare_lf, lf};
    if (bytes[lf - 1] == '\n') return {HeadScan::State::found, lf + 1};
  }
  return {HeadScan::State::incomplete, 0};
}

// `bytes`, whose lines end in LF, with CRLF instead.
std::string with_crlf(std::string_view bytes) {
  std::string made;
  made.reserve(bytes.size() + 64);
  for (const char c : bytes) {
    if (c == '\n') made.push_back('\r');
    made.push_back(c);
  }
  return made;
}

}  // namespace

ParseStatus parse_response_head(std::string_view bytes, std::size_t& scanned, ResponseHead& head,
                                Refusal& refusal, const ResponseRules& rules) {
  // Refuse as soon as this cannot be HTTP: a server of another protocol may send nothing more.
  const std::size_t seen = std::min(bytes.size(), kName.size());
  const auto differ = std::mismatch(kName.begin(), kName.begin() + seen, bytes.begin());
  if (differ.first != kName.begin() + seen) {
    return refuse(bytes, head, refusal, Reason::response_status_line,
                  static_cast<std::size_t>(differ.first - kName.begin()));
  }
  const std::string_view within = bytes.substr(0, kMaxResponseHead);
  const std::size_t from = std::min(scanned, within.size());
  const std::size_t bare_lf = rules.relaxed.contains(Reason::response_bare_lf)
                                  ? first_bare_lf(within)
                                  : std::string_view::npos;
  const bool is_lf_head = bare_lf != std::string_view::npos;
  const HeadScan scan =
      is_lf_head ? find_lf_head_end(within, from) : find_head_end(within, 0, from);
  switch (scan.state) {
    case HeadScan::State::bare_lf:
      return refuse(bytes, head, refusal, Reason::response_bare_lf, is_lf_head ? bare_lf : scan.at);
    case HeadScan::State::found: {
      if (!is_lf_head) return parse_complete(bytes.substr(0, scan.at), rules, head, refusal);
      head.rewritten = with_crlf(bytes.substr(0, scan.at));
      const ParseStatus status = parse_complete(head.rewritten, rules, head, refusal);
      head.size = scan.at;
      return status;
    }
    case HeadScan::State::incomplete:
      break;
  }
  if (bytes.size() > within.size()) {
    return refuse(bytes, head, refusal, Reason::response_head_too_long, kMaxResponseHead);
  }
  scanned = bytes.size();
  return ParseStatus::incomplete;
}

bool is_event_stream(const HeaderList& fields) {
  constexpr std::string_view kType = "text/event-stream";
  for (const Field& field : fields) {
    if (!equals_lower(field.name, "content-type")) continue;
    const std::string_view type = field.value.substr(0, kType.size());
    const std::string_view rest = field.value.substr(type.size());
    if (!equal_ignoring_case(type, kType)) return false;
    return rest.empty() || rest.front() == ';' || rest.front() == ' ' || rest.front() == '\t';
  }
  return false;
}

}  // namespace worker::http
