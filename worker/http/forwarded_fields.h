// Decides which fields of a head Pound forwards to the other side, and which it adds.
//
// Pure, and independent of the protocol that carries the fields. Framing and the fields of one hop
// (Connection and its kind, RFC 9110 7.6.1) are never among them: the writer of each protocol adds
// its own. A hop may name further fields in Connection, and those end here too, unless only Pound
// or the two ends may touch them: Host, X-Forwarded-*, Authorization, Cookie … (connection.cc).
//
// Visitors get a field in one of two forms, in the order in which it is to be sent:
//   visit(const Field& field)   as it was received
//   visit(name, value)          from Pound; both views end with the call
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "worker/http/chars.h"
#include "worker/http/connection.h"
#include "worker/http/sanitizer.h"

namespace worker::http {

// What Pound tells the backend about the client's side.
struct Forwarded {
  std::string_view client_ip;        // "192.0.2.7" or "2001:db8::1", no brackets, no port
  std::string_view proto;            // "http" or "https"
  std::string_view local_host;       // "192.0.2.1:80": Host for an HTTP/1.0 request that has none
  std::string_view local_port;       // "80"
  std::string_view tls_fields = {};  // ready "X-SSL-…: value\r\n" lines
};

// What Pound adds to a response: ready "Name: value\r\n" lines.
struct AddedLines {
  std::string_view head_add = {};  // HeadAdd of the backend
  std::string_view hsts = {};      // at most one line; it replaces the backend's own field
};

// Pound writes this field of a request itself, or the field ends here.
inline bool is_replaced(FieldId id) {
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

// A backend that reads '_' as '-' may take this field for one that Pound replaces.
bool is_twin_of_replaced(const Field& field);

// The field belongs to one hop.
inline bool is_hop_by_hop(FieldId id) {
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

// The values of all X-Forwarded-For fields, in their order, and `client_ip`.
std::string joined_forwarded_for(const HeaderList& fields, std::string_view client_ip);

// The Content-Length, when valid, of a response that has no body because of the request (HEAD) or
// its status (304), but would have one otherwise (RFC 9110 8.6). It frames nothing.
std::optional<std::uint64_t> informative_length(const ResponseHead& head);

// Calls visit(name, value) for each of the ready "Name: value\r\n" lines.
template <typename Visit>
void for_each_line(std::string_view lines, Visit&& visit) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\r');
    const std::size_t colon = lines.find(':');
    visit(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
    lines.remove_prefix(end + 2);
  }
}

// The fields of a request as a backend gets it. Host comes first. X-Forwarded-For has what the
// client sent and the client's address; X-Forwarded-Proto, -Host and -Port are Pound's. Left out
// are a client's X-SSL-* fields, the fields that only a proxy may set (Forwarded, X-Real-IP,
// Remote-User …), and underscore twins (X_Forwarded_For) of all of these. Inlined, because a call
// costs 3 % of the smallest head.
template <typename Visit>
[[gnu::always_inline]] inline void for_each_request_field(const RequestHead& head,
                                                          const RequestFacts& facts,
                                                          const Forwarded& forwarded,
                                                          Visit&& visit) {
  visit("Host", facts.host.empty() ? forwarded.local_host : facts.host);
  const NamedFields named(head.fields);
  for (const Field& field : head.fields) {
    if (is_replaced(field.id)) continue;
    if (!field.plain && is_twin_of_replaced(field)) continue;
    if (named.contains(field.name)) continue;
    visit(field);
  }
  if (head.fields.has(FieldId::x_forwarded_for)) {
    visit("X-Forwarded-For", joined_forwarded_for(head.fields, forwarded.client_ip));
  } else {
    visit("X-Forwarded-For", forwarded.client_ip);
  }
  visit("X-Forwarded-Proto", forwarded.proto);
  if (!facts.host.empty()) visit("X-Forwarded-Host", facts.host);
  visit("X-Forwarded-Port", forwarded.local_port);
  for_each_line(forwarded.tls_fields, visit);
}

// The fields of a backend's response, final or interim, that the client gets. Date and Server are
// not changed; the writer adds Date to a final response that has none.
template <typename Visit>
void for_each_response_field(const ResponseHead& head, const AddedLines& added, Visit&& visit) {
  const NamedFields named(head.fields);
  for (const Field& field : head.fields) {
    if (is_hop_by_hop(field.id)) continue;
    if (!added.hsts.empty() && equal_ignoring_case(field.name, "Strict-Transport-Security"))
      continue;
    if (named.contains(field.name)) continue;
    visit(field);
  }
}

// The fields that Pound adds to a final response.
template <typename Visit>
void for_each_added_field(const AddedLines& added, Visit&& visit) {
  for_each_line(added.head_add, visit);
  for_each_line(added.hsts, visit);
}

}  // namespace worker::http
