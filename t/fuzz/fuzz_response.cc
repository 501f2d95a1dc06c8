// Fuzzes the response's way through the pure core: parse, judge, rewrite, parse again.
//
// The input's first byte says what was asked and who asks. Properties: the verdict is the same
// however the bytes are split; what is written for the client is accepted again and ends its body
// in the same place.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "worker/http/response_head.h"
#include "worker/http/rewrite.h"
#include "worker/http/sanitizer.h"

using namespace worker::http;

namespace {

constexpr std::size_t kAdded = 6;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

struct Parsed {
  ParseStatus status = ParseStatus::incomplete;
  Refusal refusal;
  ResponseHead head;
};

Parsed parse(std::string_view bytes, std::size_t step) {
  Parsed parsed;
  std::size_t scanned = 0;
  for (std::size_t end = 0; end < bytes.size() && parsed.status == ParseStatus::incomplete;) {
    end += std::min(bytes.size() - end, step);
    parsed.status = parse_response_head(bytes.substr(0, end), scanned, parsed.head, parsed.refusal);
  }
  return parsed;
}

void same(const Parsed& a, const Parsed& b) {
  require(a.status == b.status, "same status for any split");
  if (a.status == ParseStatus::refused) {
    require(a.refusal.reason == b.refusal.reason, "same reason for any split");
    require(a.refusal.offset == b.refusal.offset, "same offset for any split");
  } else if (a.status == ParseStatus::complete) {
    require(a.head.size == b.head.size && a.head.status == b.head.status, "same head");
    require(a.head.fields.size() == b.head.fields.size(), "same fields for any split");
  }
}

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
  ResponseRewrite how{facts.body, true, client_is_http10, "X-Added: yes\r\n"};
  if (client_is_http10 && how.body.kind == Framing::Kind::chunked) {
    how.body.kind = Framing::Kind::until_close;
  }
  const std::string out = written(head, facts, how);
  if (out.size() > kMaxResponseHead || head.fields.size() + kAdded > kMaxFields) return;

  std::size_t scanned = 0;
  ResponseHead again;
  Refusal refusal;
  require(parse_response_head(out, scanned, again, refusal) == ParseStatus::complete,
          "what is written is well-formed");
  require(again.size == out.size(), "what is written is one head");
  require(again.status == head.status && again.reason == head.reason, "same status line");
  ResponseFacts meaning;
  require(!judge_response(again, request, meaning), "what is written is accepted");
  require(meaning.body.kind == how.body.kind, "same framing");
  require(meaning.body.length == how.body.length, "same length");
  require(meaning.switches == facts.switches && meaning.is_interim == facts.is_interim,
          "same kind of response");
  if (!facts.is_interim && !facts.switches) {
    require(meaning.keep_alive == (how.body.kind != Framing::Kind::until_close), "kept as said");
    require(again.fields.count(FieldId::connection) <= 1, "one Connection");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  RequestFacts request;
  request.is_head = (data[0] & 1) != 0;
  if ((data[0] & 2) != 0) request.upgrade = "websocket";
  const bool client_is_http10 = (data[0] & 4) != 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Parsed whole = parse(bytes, size);
  same(whole, parse(bytes, 1));
  same(whole, parse(bytes, 5));

  ResponseFacts facts;
  if (whole.status == ParseStatus::complete && !judge_response(whole.head, request, facts)) {
    rewrite_and_read(whole.head, request, facts, client_is_http10);
  }
  return 0;
}
