// Writes heads from facts. A field is copied only when nothing below says otherwise; whatever
// frames, routes or belongs to one hop is never copied.
#include "worker/http/rewrite.h"

#include <array>
#include <charconv>

#include "worker/http/chars.h"
#include "worker/http/connection.h"
#include "worker/http/uri.h"

namespace worker::http {
namespace {

// More than the fields that are added, with room for addresses and ports.
constexpr std::size_t kRoom = 512;

constexpr std::string_view kHsts = "Strict-Transport-Security";

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// A field as it was received. Most stand there in canonical form already, and are copied at once.
void append_field(std::string& out, const Field& field) {
  const char* const value = field.name.data() + field.name.size() + 2;
  const bool is_canonical =
      field.value.data() == value && value[-1] == ' ' && value[field.value.size()] == '\r';
  if (!is_canonical) return append_field(out, field.name, field.value);
  out.append(field.name.data(), field.name.size() + field.value.size() + 4);
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_content_length(std::string& out, std::uint64_t length) {
  out.append("Content-Length: ");
  append_number(out, length);
  out.append("\r\n");
}

void append_framing(std::string& out, const Framing& body) {
  if (body.kind == Framing::Kind::length) append_content_length(out, body.length);
  if (body.kind == Framing::Kind::chunked) out.append("Transfer-Encoding: chunked\r\n");
}

void append_status_line(std::string& out, const ResponseHead& head) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(head.status));
  out.append(" ").append(head.reason).append("\r\n");
}

// Fields of a request that this proxy writes itself, or that end here.
bool is_rewritten(FieldId id) {
  switch (id) {
    case FieldId::other:
    case FieldId::authorization:
    case FieldId::cookie:
    case FieldId::date:
    case FieldId::referer:
    case FieldId::user_agent:
      return false;
    default:
      return true;
  }
}

// A field that a backend may take for one of those, since it reads '_' as '-'.
bool is_twin(const Field& field) { return !field.plain && is_rewritten(twin_field_id(field.name)); }

void append_forwarded(const RequestHead& head, const RequestFacts& facts,
                      const Forwarded& forwarded, std::string& out) {
  out.append("X-Forwarded-For: ");
  if (head.fields.has(FieldId::x_forwarded_for)) {
    for (const Field& field : head.fields) {
      if (field.id != FieldId::x_forwarded_for || field.value.empty()) continue;
      out.append(field.value).append(", ");
    }
  }
  out.append(forwarded.client_ip).append("\r\n");
  append_field(out, "X-Forwarded-Proto", forwarded.proto);
  if (!facts.host.empty()) append_field(out, "X-Forwarded-Host", facts.host);
  append_field(out, "X-Forwarded-Port", forwarded.local_port);
  out.append(forwarded.tls_fields);
}

// A body of no length is said to be so where the method makes one expected, RFC 9110 8.6.
bool needs_empty_length(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool ends_here(FieldId id) {
  switch (id) {
    case FieldId::connection:
    case FieldId::content_length:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::trailer:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
      return true;
    default:
      return false;
  }
}

// `replaced` is the name of a field that somebody else writes; may be empty.
void append_end_to_end_fields(const HeaderList& fields, std::string_view replaced,
                              std::string& out) {
  const NamedFields named(fields);
  for (const Field& field : fields) {
    if (ends_here(field.id)) continue;
    if (!replaced.empty() && equal_ignoring_case(field.name, replaced)) continue;
    if (named.contains(field.name)) continue;
    append_field(out, field);
  }
}

// RFC 9110 8.6: of a response that has no body because of the request or the status, but would
// have one otherwise. Nobody frames by it.
void append_informative_length(const ResponseHead& head, std::string& out) {
  if (head.status < 200 || head.status == 204) return;
  if (head.fields.has(FieldId::transfer_encoding)) return;
  std::uint64_t length = 0;
  if (head.fields.count(FieldId::content_length) != 1) return;
  if (!parse_content_length(head.fields.find(FieldId::content_length)->value, length)) return;
  append_content_length(out, length);
}

// 426 without Upgrade would not tell the client what to change to.
void append_connection(const ResponseHead& head, const ResponseRewrite& how, std::string& out) {
  const bool keep = how.keep_alive && how.body.kind != Framing::Kind::until_close;
  const Field* upgrade = head.status == 426 ? head.fields.find(FieldId::upgrade) : nullptr;
  if (upgrade != nullptr) append_field(out, "Upgrade", upgrade->value);
  const std::string_view hop = !keep ? "close" : how.client_is_http10 ? "keep-alive" : "";
  if (hop.empty() && upgrade == nullptr) return;
  out.append("Connection: ").append(hop);
  if (upgrade != nullptr) out.append(hop.empty() ? "" : ", ").append("upgrade");
  out.append("\r\n");
}

}  // namespace

void write_request_head(const RequestHead& head, const RequestFacts& facts,
                        const Forwarded& forwarded, std::string& out) {
  out.reserve(out.size() + head.size + facts.host.size() + forwarded.tls_fields.size() + kRoom);
  out.append(head.method).append(" ");
  if (head.breaches.empty()) {
    out.append(head.path_query);
  } else {
    append_path_query(head.path_query, true, out);
  }
  out.append(" HTTP/1.1\r\n");
  append_field(out, "Host", facts.host.empty() ? forwarded.local_host : facts.host);
  const NamedFields named(head.fields);
  for (const Field& field : head.fields) {
    if (is_rewritten(field.id)) continue;
    if (is_twin(field)) continue;
    if (named.contains(field.name)) continue;
    append_field(out, field);
  }
  append_forwarded(head, facts, forwarded, out);
  append_framing(out, facts.body);
  if (facts.body.kind == Framing::Kind::none && needs_empty_length(head.method)) {
    append_content_length(out, 0);
  }
  if (facts.expects_continue) out.append("Expect: 100-continue\r\n");
  if (!facts.upgrade.empty()) {
    out.append("Connection: upgrade\r\n");
    append_field(out, "Upgrade", facts.upgrade);
  }
  out.append("\r\n");
}

void write_response_head(const ResponseHead& head, const ResponseRewrite& how, std::string& out) {
  out.reserve(out.size() + head.size + how.added.size() + kRoom);
  append_status_line(out, head);
  append_end_to_end_fields(head.fields, how.hsts.empty() ? "" : kHsts, out);
  append_framing(out, how.body);
  if (how.body.kind == Framing::Kind::none) append_informative_length(head, out);
  if (how.body.kind == Framing::Kind::chunked) {
    // Announces what the chunked body will end with; without chunks there is no trailer.
    for (const Field& field : head.fields) {
      if (field.id == FieldId::trailer) append_field(out, "Trailer", field.value);
    }
  }
  append_connection(head, how, out);
  out.append(how.added).append(how.hsts).append("\r\n");
}

void write_interim_head(const ResponseHead& head, std::string& out) {
  out.reserve(out.size() + head.size + kRoom);
  append_status_line(out, head);
  append_end_to_end_fields(head.fields, "", out);
  const Field* upgrade = head.status == 101 ? head.fields.find(FieldId::upgrade) : nullptr;
  if (upgrade != nullptr) {
    out.append("Connection: upgrade\r\n");
    append_field(out, "Upgrade", upgrade->value);
  }
  out.append("\r\n");
}

}  // namespace worker::http
