// Fuzzes the processing of request heads: parse, judge, rewrite, parse again.
//
// Properties: the verdict does not depend on how the bytes are split; the head written for the
// backend is accepted again even when no rule is relaxed, and has the same meaning.
#include "t/fuzz/frame.h"
#include "worker/http/sanitizer.h"

using namespace worker::http;
using fuzz::require;

namespace {

// An upper bound of the number of fields that the rewriting adds.
constexpr std::size_t kAdded = 10;

bool has_body(const RequestFacts& facts) {
  return facts.body.kind == Framing::Kind::chunked || facts.body.length != 0;
}

void rewrite_and_read(const RequestHead& head, const RequestFacts& facts) {
  std::string out;
  write_request_head(head, facts, fuzz::kForwarded, out);
  // Percent-encoding may lengthen the head beyond a limit.
  const std::size_t line = out.find("\r\n");
  if (line > kMaxRequestLine || out.size() > kMaxHead) return;
  if (head.fields.size() + kAdded > kMaxFields) return;

  const auto again = fuzz::parse<RequestHead>(out, out.size());
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
  for (const Field& field : again.head.fields) {
    const FieldId twin = twin_field_id(field.name);
    const bool harmless = twin == FieldId::other || twin == FieldId::user_agent;
    require(field.id == twin || harmless, "no name that a CGI could take for a known field");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = fuzz::parse_in_every_way<RequestHead>(fuzz::text(data, size));
  if (parsed.status != ParseStatus::complete) return 0;
  RequestFacts facts;
  const Refusal refusal = judge_request(parsed.head, facts);
  require(!refusal || refusal.offset < parsed.head.size, "the offset is within the head");
  for (const Reason reason : kRelaxable) {
    if (facts.breaches.contains(reason)) {
      require(static_cast<bool>(facts.breaches.refusal({})), "a breach is refused by default");
    }
  }
  require(facts.breaches.refusal({}).offset < parsed.head.size,
          "the offset of a breach is within the head");
  if (!refusal) rewrite_and_read(parsed.head, facts);
  return 0;
}
