// The judge of well-formed heads: see sanitizer.h. Writers use the facts that it finds, and never
// the fields that it found them in.
#include "worker/http/sanitizer.h"

#include "worker/http/chars.h"
#include "worker/http/connection.h"
#include "worker/http/connection_auth.h"
#include "worker/http/method.h"
#include "worker/http/uri.h"

namespace worker::http {
namespace {

// Compares Host with the version and the target: RFC 9112 3.2, 3.2.2.
Refusal judge_host(const RequestHead& head, RequestFacts& facts) {
  const Field* host = head.fields.find(FieldId::host);
  facts.host = head.authority;
  if (head.authority.size() > kMaxHost) {
    return {Reason::host_too_long, offset_in(head.bytes, head.authority)};
  }
  if (host == nullptr) {
    if (head.version != Version::http10) facts.breaches.note(Reason::host_missing, 0);
    return {};
  }
  const std::size_t offset = offset_in(head.bytes, host->name);
  if (head.fields.count(FieldId::host) > 1) return {Reason::host_many, offset};
  if (host->value.empty()) {
    facts.breaches.note(Reason::host_empty, offset);
    return {};
  }
  if (!valid_authority(host->value)) return {Reason::host_invalid, offset};
  if (host->value.size() > kMaxHost) return {Reason::host_too_long, offset};
  if (head.authority.empty()) {
    facts.host = host->value;
    return {};
  }
  const bool https = lower(head.target[4]) == 's';
  return same_authority(head.authority, host->value, https)
             ? Refusal{}
             : Refusal{Reason::host_mismatch, offset};
}

Refusal judge_method(const RequestHead& head, const Method* method, Breaches& breaches) {
  if (method != nullptr) return {};
  const std::size_t offset = offset_in(head.bytes, head.method);
  if (is_refused_method(head.method)) return {Reason::method_refused, offset};
  breaches.note(Reason::method_unknown, offset);
  return {};
}

// An unknown expectation, even a relaxed one, is not forwarded.
void judge_expect(const RequestHead& head, RequestFacts& facts) {
  if (!head.fields.has(FieldId::expect)) return;
  facts.expects_continue =
      !facts.is_http10 && (facts.body.kind == Framing::Kind::chunked || facts.body.length != 0);
  for (const Field& field : head.fields) {
    if (field.id != FieldId::expect || equal_ignoring_case(field.value, "100-continue")) continue;
    facts.breaches.note(Reason::expect_unknown, offset_in(head.bytes, field.name));
    facts.expects_continue = false;
  }
}

std::string_view protocol_name(std::string_view protocol) {
  return protocol.substr(0, protocol.find('/'));
}

// One protocol: token ["/" token].
bool is_protocol(std::string_view value) {
  const std::string_view name = protocol_name(value);
  return is_token(name) && (name.size() == value.size() || is_token(value.substr(name.size() + 1)));
}

// After a switch to another version of HTTP, or to TLS, requests would pass uninspected.
bool is_tunnel_for_http(std::string_view protocol) {
  const std::string_view name = protocol_name(protocol);
  return equal_ignoring_case(name, "h2c") || equal_ignoring_case(name, "h2") ||
         equal_ignoring_case(name, "http") || equal_ignoring_case(name, "tls");
}

// Ignores an upgrade that is not well-formed, as RFC 9110 7.8 allows: the request is then an
// ordinary one.
std::string_view wanted_upgrade(const RequestHead& head, const ConnectionOptions& options,
                                const Framing& body) {
  if (head.version == Version::http2) return head.protocol;
  if (!options.upgrade || options.invalid != nullptr || head.version == Version::http10) return {};
  if (body.kind == Framing::Kind::chunked || body.length != 0) return {};
  if (head.fields.count(FieldId::upgrade) != 1) return {};
  const std::string_view protocol = head.fields.find(FieldId::upgrade)->value;
  return is_protocol(protocol) && !is_tunnel_for_http(protocol) ? protocol : std::string_view{};
}

Refusal judge_switch(const ResponseHead& head, const RequestFacts& request) {
  if (request.upgrade.empty()) return {Reason::response_switch_unasked};
  const Field* upgrade = head.fields.find(FieldId::upgrade);
  if (upgrade == nullptr) return {Reason::response_switch_protocol};
  if (head.fields.count(FieldId::upgrade) > 1 || !is_protocol(upgrade->value) ||
      !equal_ignoring_case(protocol_name(upgrade->value), protocol_name(request.upgrade))) {
    return {Reason::response_switch_protocol, offset_in(head.bytes, upgrade->name)};
  }
  return {};
}

// Whether a body may follow a response that must not have one. A backend that sends it does so as
// late as it likes, and on a connection that is used again it would begin the next response. To
// HEAD, the head has to rule it out: a GET whose head leaves its end open has a body up to the
// close.
bool may_have_forbidden_body(const ResponseHead& head, bool to_head) {
  const bool is_bodiless = head.status < 200 || head.status == 204 || head.status == 304;
  if (!is_bodiless && !to_head) return false;
  if (head.fields.has(FieldId::transfer_encoding)) return true;
  const Field* length = head.fields.find(FieldId::content_length);
  if (length == nullptr) return !is_bodiless;
  return length->value != "0" || head.fields.count(FieldId::content_length) > 1;
}

}  // namespace

Refusal judge_request(const RequestHead& head, RequestFacts& facts, const Limits& limits) {
  facts = {};
  facts.is_http10 = head.version == Version::http10;
  facts.is_head = head.method == "HEAD";
  facts.is_connect = !head.protocol.empty();
  facts.breaches = head.breaches;
  if (const Refusal refusal = judge_host(head, facts)) return refusal;
  if (const Refusal refusal = request_framing(head, facts.body)) return refusal;
  const ConnectionOptions options = connection_options(head.fields);
  if (options.invalid != nullptr) {
    facts.breaches.note(Reason::connection_invalid,
                        static_cast<std::size_t>(options.invalid - head.bytes.data()));
  }
  const Method* method = find_method(head.method);
  if (const Refusal refusal = judge_method(head, method, facts.breaches)) return refusal;
  judge_expect(head, facts);
  if (facts.body.length > limits.body) {
    return {Reason::body_too_long,
            offset_in(head.bytes, head.fields.find(FieldId::content_length)->name)};
  }
  facts.keep_alive = keeps_alive(options, facts.is_http10 ? 0 : 1);
  facts.upgrade = wanted_upgrade(head, options, facts.body);
  facts.idempotent = method != nullptr && method->idempotent;
  facts.repeatable =
      facts.idempotent && facts.body.kind != Framing::Kind::chunked && facts.body.length == 0;
  facts.authenticates_connection = has_connection_credentials(head.fields);
  return {};
}

Refusal judge_response(const ResponseHead& head, const RequestFacts& request, ResponseFacts& facts,
                       RuleSet relaxed) {
  facts = {};
  facts.switches = head.status == 101;
  facts.is_interim = head.status < 200 && !facts.switches;
  if (facts.switches) return judge_switch(head, request);
  // The client would take it for the switch: RFC 8441 4.
  if (request.is_connect && head.status / 100 == 2) return {Reason::response_switch_protocol};
  const Refusal refusal = response_framing(head, request.is_head, relaxed, facts.body);
  if (refusal) return refusal;
  facts.keep_alive = facts.body.kind != Framing::Kind::until_close &&
                     keeps_alive(connection_options(head.fields), head.minor_version) &&
                     !may_have_forbidden_body(head, request.is_head);
  facts.challenges_connection = has_connection_challenge(head.fields);
  return {};
}

}  // namespace worker::http
