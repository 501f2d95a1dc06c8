// Finds the session's text in credentials, parameters of the target, cookies and fields: see
// session_key.h.
//
// Each source takes one pass over the head, whose size is limited already. Malformed text makes no
// session, but it is never a reason to refuse a request.
#include "worker/http/session_key.h"

#include "worker/http/base64.h"
#include "worker/http/chars.h"
#include "worker/http/cookie_walk.h"

namespace worker::http {
namespace {

using Found = std::optional<std::string_view>;

// A text cut in two at `mark`. Without a mark the second half is empty.
struct Halves {
  std::string_view first, second;
  bool cut = false;
};

Halves cut_at(std::string_view text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, at), text.substr(at + 1), true};
}

Found usable(std::string_view text) {
  if (text.empty() || text.size() > kMaxSessionText) return std::nullopt;
  return text;
}

// A name and its value, without the blanks around either, as browsers read them (RFC 6265 5.2).
// Quotes are part of the value.
Halves cookie_pair(std::string_view text) {
  Halves pair = cut_at(text, '=');
  pair.first = trim(pair.first);
  pair.second = trim(pair.second);
  return pair;
}

// Decodes `encoded` into `user` up to the first ':'. Returns false when there is no colon, or when
// any part, the password included, is not in canonical base64 (RFC 4648 section 4, with padding).
// Stores the password nowhere.
bool decode_user(std::string_view encoded, std::string& user) {
  bool colon = false;
  const bool is_base64 = decode_base64(encoded, [&](char byte) {
    colon = colon || byte == ':';
    if (!colon) user.push_back(byte);
  });
  return is_base64 && colon;
}

Found basic_user(const HeaderList& fields, std::string& scratch) {
  const Field* field = fields.find(FieldId::authorization);
  if (field == nullptr) return std::nullopt;
  const Halves credentials = cut_at(field->value, ' ');
  if (!equal_ignoring_case(credentials.first, "basic")) return std::nullopt;
  scratch.clear();
  if (!decode_user(trim(credentials.second), scratch)) return std::nullopt;
  return usable(scratch);
}

Found url_parameter(std::string_view id, std::string_view path_query) {
  std::string_view rest = cut_at(path_query, '?').second;
  while (!rest.empty()) {
    const Halves parts = cut_at(rest, '&');
    const Halves pair = cut_at(parts.first, '=');
    if (pair.cut && pair.first == id) return usable(pair.second);
    rest = parts.second;
  }
  return std::nullopt;
}

Found path_parameter(std::string_view path_query) {
  const std::string_view behind = cut_at(cut_at(path_query, '?').first, ';').second;
  return usable(behind.substr(0, behind.find_first_of("/;")));
}

Found cookie(std::string_view id, const HeaderList& fields) {
  const Found value = CookieWalk(fields, id).next();
  return value ? usable(*value) : std::nullopt;
}

Found header(std::string_view id, const HeaderList& fields) {
  for (const Field& field : fields) {
    if (equal_ignoring_case(field.name, id)) return usable(field.value);
  }
  return std::nullopt;
}

enum class Age { unknown, lasting, over };

// The meaning of a Max-Age attribute (RFC 6265 5.2.2), for any number of digits.
Age age_of(std::string_view value) {
  const bool negative = value.starts_with('-');
  if (negative) value.remove_prefix(1);
  bool zero = true;
  for (const char c : value) {
    if (!is_digit(c)) return Age::unknown;
    zero = zero && c == '0';
  }
  if (value.empty()) return Age::unknown;
  return negative || zero ? Age::over : Age::lasting;
}

// Whether Max-Age ends the cookie's life at once. The last valid Max-Age counts (RFC 6265 5.3).
bool is_deleted(std::string_view attributes) {
  Age age = Age::unknown;
  while (!attributes.empty()) {
    const Halves parts = cut_at(attributes, ';');
    const Halves pair = cookie_pair(parts.first);
    if (equal_ignoring_case(pair.first, "max-age")) {
      const Age given = age_of(pair.second);
      if (given != Age::unknown) age = given;
    }
    attributes = parts.second;
  }
  return age == Age::over;
}

Found set_cookie(std::string_view id, const HeaderList& fields) {
  Found last;
  for (const Field& field : fields) {
    if (!equal_ignoring_case(field.name, "set-cookie")) continue;
    const Halves parts = cut_at(field.value, ';');
    const Halves pair = cookie_pair(parts.first);
    if (!pair.cut || pair.first != id) continue;
    last = is_deleted(parts.second) ? std::nullopt : usable(pair.second);
  }
  return last;
}

}  // namespace

std::optional<std::string_view> session_text(SessionSource source, std::string_view id,
                                             const RequestHead& head, std::string& scratch) {
  switch (source) {
    case SessionSource::basic_user:
      return basic_user(head.fields, scratch);
    case SessionSource::url_parameter:
      return url_parameter(id, head.path_query);
    case SessionSource::path_parameter:
      return path_parameter(head.path_query);
    case SessionSource::cookie:
      return cookie(id, head.fields);
    case SessionSource::header:
      return header(id, head.fields);
  }
  return std::nullopt;
}

std::optional<std::string_view> learned_session_text(SessionSource source, std::string_view id,
                                                     const ResponseHead& head) {
  if (source == SessionSource::cookie) return set_cookie(id, head.fields);
  if (source == SessionSource::header) return header(id, head.fields);
  return std::nullopt;
}

}  // namespace worker::http
