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

// What a trusted peer says about the client's side, as far as it can be believed. Empty where it
// says nothing, the same twice, or what cannot be.
struct Believed {
  std::string_view proto = {};  // "http" or "https"
  std::string_view host = {};   // an authority
  std::string_view port = {};   // "443"
};
// Reads X-Forwarded-Proto, -Host and -Port. A protocol brings its default port along, unless the
// host has a port.
Believed believed_fields(const HeaderList& fields);

// What Pound tells the backend about the client's side.
struct Forwarded {
  // "192.0.2.7" or "2001:db8::1", no brackets, no port; "unix:" for the client of a Unix socket
  std::string_view peer_ip;
  std::string_view proto;            // "http" or "https"
  std::string_view local_host;       // "192.0.2.1:80": Host for an HTTP/1.0 request that has none
  std::string_view local_port;       // "80"; empty for a Unix socket
  std::string_view tls_fields = {};  // ready "X-SSL-…: value\r\n" lines
  std::string_view client_ip = {};   // as `peer_ip`; empty: the peer is the client
  bool is_trusted = false;           // the peer's word on its client passes
  Believed believed = {};            // only of a trusted peer
  // The name of the field in which proxies name the client, if it is none of those that Pound
  // writes anyway. It ends here unless the peer is trusted; its underscore twins always do.
  std::string_view client_field = {};
  // The field with the id of the request, and the id; empty: it has none. What the client sent
  // under this name, or a twin of it, ends here.
  std::string_view id_field = {};
  std::string_view request_id = {};
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

// Whether this field is `forwarded.client_field` or a twin of it, and ends here.
bool is_ending_client_field(const Field& field, const Forwarded& forwarded);

// Whether this field is `name` or a twin of it.
bool is_named_or_twin(const Field& field, std::string_view name);

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

// The value of X-Forwarded-For: what a trusted peer sent, in its order, and the peer.
std::string forwarded_for_value(const HeaderList& fields, const Forwarded& forwarded);
// The value of Forwarded: likewise, but without what a trusted peer sent when that is malformed.
// `host` is that of the request, perhaps empty.
std::string forwarded_value(const HeaderList& fields, std::string_view host,
                            const Forwarded& forwarded);

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

// The fields of a request as a backend gets it. Host comes first. X-Forwarded-For, -Proto, -Host
// and -Port are Pound's own, or extend and repeat what a trusted peer sent. A request that has
// X-Real-IP or Forwarded gets Pound's instead. Left out are a client's X-SSL-* fields, the other
// fields that only a proxy may set (Remote-User …), and underscore twins (X_Forwarded_For) of all
// of these. Inlined, because a call costs 3 % of the smallest head.
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
    if (!forwarded.client_field.empty() && is_ending_client_field(field, forwarded)) continue;
    if (!forwarded.id_field.empty() && is_named_or_twin(field, forwarded.id_field)) continue;
    visit(field);
  }
  if (forwarded.is_trusted && head.fields.has(FieldId::x_forwarded_for)) {
    visit("X-Forwarded-For", forwarded_for_value(head.fields, forwarded));
  } else {
    visit("X-Forwarded-For", forwarded.peer_ip);
  }
  const Believed& believed = forwarded.believed;
  const std::string_view host = believed.host.empty() ? facts.host : believed.host;
  visit("X-Forwarded-Proto", believed.proto.empty() ? forwarded.proto : believed.proto);
  if (!host.empty()) visit("X-Forwarded-Host", host);
  const std::string_view port = believed.port.empty() ? forwarded.local_port : believed.port;
  if (!port.empty()) visit("X-Forwarded-Port", port);
  if (head.fields.has(FieldId::x_real_ip)) {
    visit("X-Real-IP", forwarded.client_ip.empty() ? forwarded.peer_ip : forwarded.client_ip);
  }
  if (head.fields.has(FieldId::forwarded)) {
    visit("Forwarded", forwarded_value(head.fields, facts.host, forwarded));
  }
  if (!forwarded.id_field.empty()) visit(forwarded.id_field, forwarded.request_id);
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
