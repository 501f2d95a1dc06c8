// The oracle against smuggling: the head that Pound writes for the backend is accepted again even
// when no rule is relaxed, is one head, and has the same meaning.
#pragma once

#include "t/fuzz/frame.h"
#include "worker/http/sanitizer.h"

namespace fuzz {

using namespace worker::http;

// An upper bound of the number of fields that the rewriting adds.
inline constexpr std::size_t kAdded = 10;

inline bool has_body(const RequestFacts& facts) {
  return facts.body.kind == Framing::Kind::chunked || facts.body.length != 0;
}

inline void rewrite_and_read(const RequestHead& head, const RequestFacts& facts) {
  std::string out;
  write_request_head(head, facts, kForwarded, out);
  // Percent-encoding may lengthen the head beyond a limit.
  const std::size_t line = out.find("\r\n");
  if (line > kMaxRequestLine || out.size() > kMaxHead) return;
  if (head.fields.size() + kAdded > kMaxFields) return;

  const auto again = parse<RequestHead>(out, out.size());
  require(again.status == ParseStatus::complete, "the written head is well-formed");
  require(again.head.size == out.size(), "the written bytes are one head");
  RequestFacts meaning;
  require(!judge_request(again.head, meaning), "the written head is accepted");
  RuleSet methods;
  methods.add(Reason::method_unknown);
  require(!meaning.breaches.refusal(methods), "the written head breaks no rule");
  require(again.head.method == head.method, "same method");
  if (head.breaches.empty()) require(again.head.path_query == head.path_query, "same target");
  require(has_body(facts) == has_body(meaning) && meaning.body.length == facts.body.length,
          "same body");
  require(meaning.keep_alive && !meaning.is_http10, "keep-alive and HTTP/1.1");
  require(meaning.upgrade == facts.upgrade, "same upgrade");
  require(meaning.expects_continue == facts.expects_continue, "same expectation");
  require(facts.host.empty() || meaning.host == facts.host, "same host");
  require(again.head.fields.count(FieldId::x_forwarded_for) == 1, "one X-Forwarded-For");
  require(again.head.fields.count(FieldId::x_forwarded_proto) == 1, "one X-Forwarded-Proto");
  require(again.head.fields.count(FieldId::x_ssl) == 0, "no X-SSL");
  require(again.head.fields.count(FieldId::proxy_only) == 0, "no field that only a proxy may set");
  for (const FieldId id : {FieldId::forwarded, FieldId::x_real_ip}) {
    require(again.head.fields.count(id) == (head.fields.has(id) ? 1 : 0), "Pound's own, if any");
  }
  for (const Field& field : again.head.fields) {
    const FieldId twin = twin_field_id(field.name);
    const bool harmless = twin == FieldId::other || twin == FieldId::user_agent;
    require(field.id == twin || harmless, "no name that a CGI could take for a known field");
  }
}

}  // namespace fuzz
