// Content-Length and Transfer-Encoding: see framing.h.
#include "worker/http/framing.h"

#include "worker/http/chars.h"

namespace worker::http {
namespace {

constexpr std::uint64_t kMaxLength = (std::uint64_t{1} << 63) - 1;

struct LengthReasons {
  Reason many;
  Reason invalid;
};

// The fields that frame a message, found in one pass over the list.
struct FramingFields {
  const Field* length = nullptr;
  const Field* coding = nullptr;
  bool many_lengths = false;
  bool lengths_differ = false;
  bool many_codings = false;
};

FramingFields framing_fields(const HeaderList& fields) {
  FramingFields found;
  if (!fields.has(FieldId::content_length) && !fields.has(FieldId::transfer_encoding)) return found;
  for (const Field& field : fields) {
    if (field.id == FieldId::content_length) {
      if (found.length != nullptr) {
        found.many_lengths = true;
        if (found.length->value != field.value) found.lengths_differ = true;
      }
      found.length = &field;
    } else if (field.id == FieldId::transfer_encoding) {
      found.many_codings = found.coding != nullptr;
      found.coding = &field;
    }
  }
  return found;
}

// Refuses even equal values, unless the rule is relaxed. RFC 9112 6.3 allows a recipient to accept
// them as one, but a sender that repeats the length is unreliable.
Refusal by_length(std::string_view head, const FramingFields& found, LengthReasons reasons,
                  RuleSet relaxed, Framing& framing) {
  if (found.many_lengths && (found.lengths_differ || !relaxed.contains(reasons.many))) {
    return {reasons.many, offset_in(head, found.length->name)};
  }
  if (!parse_content_length(found.length->value, framing.length)) {
    return {reasons.invalid, offset_in(head, found.length->name)};
  }
  framing.kind = Framing::Kind::length;
  return {};
}

// Distinguishes the cases for which RFC 9112 6.1 and 6.3 ask for different statuses. `value` is
// anything but "chunked" alone.
Reason reason_of_codings(std::string_view value) {
  std::size_t chunked = 0;
  bool last_is_chunked = false;
  while (true) {
    const std::size_t comma = value.find(',');
    last_is_chunked = equal_ignoring_case(trim(value.substr(0, comma)), "chunked");
    if (last_is_chunked) ++chunked;
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  if (chunked > 1) return Reason::te_many;
  return last_is_chunked ? Reason::te_unknown : Reason::te_not_final;
}

}  // namespace

bool parse_content_length(std::string_view value, std::uint64_t& length) {
  length = 0;
  for (char c : value) {
    if (!is_digit(c)) return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (kMaxLength - digit) / 10) return false;
    length = length * 10 + digit;
  }
  return !value.empty();
}

Refusal request_framing(const RequestHead& head, Framing& framing) {
  framing = {};
  const FramingFields found = framing_fields(head.fields);
  if (found.coding != nullptr) {
    const std::size_t offset = offset_in(head.bytes, found.coding->name);
    if (found.length != nullptr) return {Reason::cl_te, offset};
    if (head.version == Version::http10) return {Reason::te_http10, offset};
    if (found.many_codings) return {Reason::te_many, offset};
    if (!equal_ignoring_case(found.coding->value, "chunked")) {
      return {reason_of_codings(found.coding->value), offset};
    }
    framing.kind = Framing::Kind::chunked;
    return {};
  }
  if (found.length == nullptr) {
    if (head.has_content) framing.kind = Framing::Kind::chunked;
    return {};
  }
  const Refusal refusal =
      by_length(head.bytes, found, {Reason::cl_many, Reason::cl_invalid}, {}, framing);
  if (refusal || head.version != Version::http2 || head.has_content || framing.length == 0) {
    return refusal;
  }
  return {Reason::h2_content_length, offset_in(head.bytes, found.length->name)};
}

Refusal response_framing(const ResponseHead& head, bool to_head, RuleSet relaxed,
                         Framing& framing) {
  framing = {};
  if (to_head || head.status < 200 || head.status == 204 || head.status == 304) return {};
  const FramingFields found = framing_fields(head.fields);
  if (found.coding != nullptr) {
    const std::size_t offset = offset_in(head.bytes, found.coding->name);
    if (found.length != nullptr) return {Reason::response_cl_te, offset};
    if (head.minor_version == 0) return {Reason::response_te_http10, offset};
    if (found.many_codings || !equal_ignoring_case(found.coding->value, "chunked")) {
      return {Reason::response_te_unknown, offset};
    }
    framing.kind = Framing::Kind::chunked;
    return {};
  }
  if (found.length == nullptr) {
    framing.kind = Framing::Kind::until_close;
    return {};
  }
  return by_length(head.bytes, found, {Reason::response_cl_many, Reason::response_cl_invalid},
                   relaxed, framing);
}

}  // namespace worker::http
