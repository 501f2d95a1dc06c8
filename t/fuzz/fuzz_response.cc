// Fuzzes the processing of response heads: parse, judge, rewrite, parse again.
//
// The input's first byte describes the request: its method, its upgrade, its HTTP version.
// Properties: the verdict does not depend on how the bytes are split; the head written for the
// client is accepted again and frames its body in the same way.
#include "t/fuzz/frame.h"
#include "worker/http/sanitizer.h"

using namespace worker::http;
using fuzz::require;

namespace {

// An upper bound of the number of fields that the rewriting adds.
constexpr std::size_t kAdded = 6;

std::string written(const ResponseHead& head, const ResponseFacts& facts,
                    const ResponseRewrite& how) {
  std::string out;
  if (facts.is_interim || facts.switches) {
    write_interim_head(head, out);
  } else {
    write_response_head(head, how, out);
  }
  return out;
}

void rewrite_and_read(const ResponseHead& head, const RequestFacts& request,
                      const ResponseFacts& facts, bool client_is_http10) {
  ResponseRewrite how{facts.body, true, client_is_http10, {.head_add = "X-Added: yes\r\n"}};
  if (client_is_http10 && how.body.kind == Framing::Kind::chunked) {
    how.body.kind = Framing::Kind::until_close;
  }
  const std::string out = written(head, facts, how);
  if (out.size() > kMaxResponseHead || head.fields.size() + kAdded > kMaxFields) return;

  const auto again = fuzz::parse<ResponseHead>(out, out.size());
  require(again.status == ParseStatus::complete, "the written head is well-formed");
  require(again.head.size == out.size(), "the written bytes are one head");
  require(again.head.status == head.status && again.head.reason == head.reason, "same status line");
  ResponseFacts meaning;
  require(!judge_response(again.head, request, meaning), "the written head is accepted");
  require(meaning.body.kind == how.body.kind, "same framing");
  require(meaning.body.length == how.body.length, "same length");
  require(meaning.switches == facts.switches && meaning.is_interim == facts.is_interim,
          "same kind of response");
  if (!facts.is_interim && !facts.switches) {
    // Content that a head announces but that must not come makes a connection unfit for reuse.
    const bool has_no_body = request.is_head || head.status == 204 || head.status == 304;
    const bool keeps = how.body.kind != Framing::Kind::until_close;
    require(meaning.keep_alive == keeps || (has_no_body && !meaning.keep_alive),
            "keep-alive unless the close ends the body");
    require(again.head.fields.count(FieldId::connection) <= 1, "one Connection");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  RequestFacts request;
  request.is_head = (data[0] & 1) != 0;
  if ((data[0] & 2) != 0) request.upgrade = "websocket";
  const bool client_is_http10 = (data[0] & 4) != 0;
  const auto parsed = fuzz::parse_in_every_way<ResponseHead>(fuzz::text(data + 1, size - 1));
  if (parsed.status != ParseStatus::complete) return 0;

  ResponseFacts facts;
  const Refusal refusal = judge_response(parsed.head, request, facts);
  require(!refusal || refusal.offset < parsed.head.size, "the offset is within the head");
  if (!refusal) rewrite_and_read(parsed.head, request, facts, client_is_http10);
  return 0;
}
