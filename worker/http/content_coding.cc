// Compression of responses as HTTP sees it: see content_coding.h.
#include "worker/http/content_coding.h"

#include <algorithm>

#include "worker/http/chars.h"
#include "worker/http/forwarded_fields.h"

namespace worker::http {

namespace {

constexpr int kMostWeight = 1000;

// Takes the text up to the next comma off `list`, without white space around it.
std::string_view next_item(std::string_view& list) {
  const std::size_t comma = list.find(',');
  const std::string_view item = trim(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return item;
}

// Calls visit(item) for the items of all fields with this name, which is in lower case.
template <typename Visit>
void for_each_item(const HeaderList& fields, std::string_view name, Visit&& visit) {
  for (const Field& field : fields) {
    if (!equals_lower(field.name, name)) continue;
    for (std::string_view rest = field.value; !rest.empty();) visit(next_item(rest));
  }
}

// A qvalue in thousandths: "0.5" is 500. Nothing for any other text.
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return std::nullopt;
  int weight = text[0] == '1' ? kMostWeight : 0;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int unit = kMostWeight / 10;
  for (std::size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (!is_digit(text[i])) return std::nullopt;
    weight += (text[i] - '0') * unit;
  }
  if (weight > kMostWeight) return std::nullopt;
  return weight;
}

struct Preference {
  std::string_view coding;
  int weight = kMostWeight;
};

// "gzip;q=0.5"
std::optional<Preference> parse_preference(std::string_view item) {
  const std::size_t semicolon = item.find(';');
  const std::string_view coding = trim(item.substr(0, semicolon));
  if (coding.empty()) return std::nullopt;
  if (semicolon == std::string_view::npos) return Preference{coding};
  const std::string_view parameter = trim(item.substr(semicolon + 1));
  if (parameter.size() < 2 || lower(parameter[0]) != 'q' || parameter[1] != '=') {
    return std::nullopt;
  }
  const std::optional<int> weight = parse_weight(parameter.substr(2));
  if (!weight) return std::nullopt;
  return Preference{coding, *weight};
}

// RFC 9110 8.4.1.3: x-gzip is gzip.
bool is_coding(std::string_view written, std::string_view coding) {
  return equal_ignoring_case(written, coding) ||
         (coding == "gzip" && equal_ignoring_case(written, "x-gzip"));
}

// The weight of a coding: its own, or that of `*`. Nothing when neither is there.
std::optional<int> weight_of(const HeaderList& request, std::string_view coding) {
  std::optional<int> own;
  std::optional<int> of_others;
  for_each_item(request, "accept-encoding", [&](std::string_view item) {
    const std::optional<Preference> preference = parse_preference(item);
    if (!preference) return;
    const auto take = [&](std::optional<int>& weight) {
      weight = std::min(weight.value_or(kMostWeight), preference->weight);
    };
    if (is_coding(preference->coding, coding)) take(own);
    if (preference->coding == "*") take(of_others);
  });
  return own ? own : of_others;
}

bool has_item(const HeaderList& fields, std::string_view name, std::string_view wanted) {
  bool found = false;
  for_each_item(fields, name, [&](std::string_view item) {
    if (equal_ignoring_case(item, wanted)) found = true;
  });
  return found;
}

const Field* find(const HeaderList& fields, std::string_view lower_name) {
  for (const Field& field : fields) {
    if (equals_lower(field.name, lower_name)) return &field;
  }
  return nullptr;
}

// `type` may have parameters behind a semicolon.
bool has_type(std::string_view type, std::span<const std::string> wanted) {
  type = trim(type.substr(0, type.find(';')));
  return std::any_of(wanted.begin(), wanted.end(), [type](std::string_view one) {
    if (!one.ends_with("/*")) return equal_ignoring_case(type, one);
    one.remove_suffix(1);
    return type.size() > one.size() && equal_ignoring_case(type.substr(0, one.size()), one);
  });
}

// "identity" stands in no Content-Encoding, yet some write it.
bool is_coded(const HeaderList& response) {
  bool coded = false;
  for_each_item(response, "content-encoding", [&](std::string_view item) {
    if (!item.empty() && !equal_ignoring_case(item, "identity")) coded = true;
  });
  return coded;
}

bool is_digest(std::string_view name) {
  return equals_lower(name, "content-md5") || equals_lower(name, "digest") ||
         equals_lower(name, "content-digest") || equals_lower(name, "repr-digest");
}

bool has_body(const ResponseHead& head, const Framing& body, bool to_head) {
  if (head.status < 200 || head.status == 204 || head.status == 206 || head.status == 304) {
    return false;
  }
  return to_head || body.kind != Framing::Kind::none;
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::optional<std::size_t> choose_coding(const HeaderList& request,
                                         std::span<const std::string_view> offers) {
  if (find(request, "accept-encoding") == nullptr) return std::nullopt;
  int best = std::max(1, weight_of(request, "identity").value_or(0));
  std::optional<std::size_t> choice;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const int weight = weight_of(request, offers[i]).value_or(0);
    if (choice ? weight <= best : weight < best) continue;
    best = weight;
    choice = i;
  }
  return choice;
}

CodingTerms coding_terms(const HeaderList& request) {
  CodingTerms terms;
  terms.forbids =
      find(request, "range") != nullptr || has_item(request, "cache-control", "no-transform");
  terms.has_credentials = request.has(FieldId::cookie) || request.has(FieldId::authorization);
  terms.is_cross_site = has_item(request, "sec-fetch-site", "cross-site");
  for_each_item(request, "if-none-match", [&](std::string_view item) {
    if (item.starts_with("W/")) terms.has_weak_tag = true;
  });
  return terms;
}

bool is_compressible(const ResponseHead& head, const Framing& body, bool to_head,
                     const CodingRules& rules) {
  if (!has_body(head, body, to_head)) return false;
  const Field* const type = find(head.fields, "content-type");
  if (type == nullptr || !has_type(type->value, rules.types)) return false;
  std::optional<std::uint64_t> length;
  if (to_head) length = informative_length(head);
  if (body.kind == Framing::Kind::length) length = body.length;
  if (length && (*length == 0 || *length < rules.least)) return false;
  return !is_coded(head.fields) && find(head.fields, "content-range") == nullptr &&
         !has_item(head.fields, "cache-control", "no-transform");
}

bool sets_cookie(const HeaderList& response) { return find(response, "set-cookie") != nullptr; }

void set_coding(HeaderList& response, std::string_view coding, std::string& added) {
  response.remove_if([](const Field& field) {
    return field.id == FieldId::content_length || equals_lower(field.name, "content-encoding") ||
           equals_lower(field.name, "accept-ranges") || is_digest(field.name);
  });
  append_line(added, "Content-Encoding", coding);
  weaken_tags(response, added);
}

void weaken_tags(HeaderList& response, std::string& added) {
  response.remove_if([&added](const Field& field) {
    if (!equals_lower(field.name, "etag") || field.value.starts_with("W/")) return false;
    append_line(added, field.name, "W/" + std::string(field.value));
    return true;
  });
}

void vary_by_coding(HeaderList& response, std::string& added) {
  if (has_item(response, "vary", "*") || has_item(response, "vary", "accept-encoding")) return;
  std::string value;
  response.remove_if([&value](const Field& field) {
    if (!equals_lower(field.name, "vary")) return false;
    if (!field.value.empty()) value.append(field.value).append(", ");
    return true;
  });
  append_line(added, "Vary", value + "Accept-Encoding");
}

std::string coded_trailer(std::string_view lines) {
  std::string kept;
  for_each_line(lines, [&kept](std::string_view name, std::string_view value) {
    if (!is_digest(name)) append_line(kept, name, value);
  });
  return kept;
}

}  // namespace worker::http
