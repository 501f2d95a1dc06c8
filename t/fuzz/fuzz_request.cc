// Fuzzes the request's way through the pure core: parse, judge, rewrite, parse again.
//
// Properties: the verdict is the same however the bytes are split; what is written for the backend
// is accepted again and means the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "worker/http/request_head.h"
#include "worker/http/rewrite.h"
#include "worker/http/sanitizer.h"

using namespace worker::http;

namespace {

// More than the fields that the rewriting adds.
constexpr std::size_t kAdded = 10;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

struct Parsed {
  ParseStatus status = ParseStatus::incomplete;
  Refusal refusal;
  RequestHead head;
};

// Feeds ever longer prefixes, each grown by 1 to `step` bytes.
Parsed parse(std::string_view bytes, std::size_t step) {
  Parsed parsed;
  std::size_t scanned = 0;
  for (std::size_t end = 0; end < bytes.size() && parsed.status == ParseStatus::incomplete;) {
    end += std::min(bytes.size() - end, 1 + end % step);
    parsed.status = parse_request_head(bytes.substr(0, end), scanned, parsed.head, parsed.refusal);
  }
  return parsed;
}

void same(const Parsed& a, const Parsed& b) {
  require(a.status == b.status, "same status for any split");
  if (a.status == ParseStatus::refused) {
    require(a.refusal.reason == b.refusal.reason, "same reason for any split");
    require(a.refusal.offset == b.refusal.offset, "same offset for any split");
  } else if (a.status == ParseStatus::complete) {
    require(a.head.size == b.head.size, "same size for any split");
    require(a.head.fields.size() == b.head.fields.size(), "same fields for any split");
    require(a.head.path_query == b.head.path_query, "same target for any split");
  }
}

void rewrite_and_read(const RequestHead& head, const RequestFacts& facts) {
  const Forwarded forwarded{"192.0.2.7", "https", "192.0.2.1:443", "443"};
  std::string out;
  write_request_head(head, facts, forwarded, out);
  if (out.size() > kMaxHead || head.fields.size() + kAdded > kMaxFields) return;

  std::size_t scanned = 0;
  RequestHead again;
  Refusal refusal;
  require(parse_request_head(out, scanned, again, refusal) == ParseStatus::complete,
          "what is written is well-formed");
  require(again.size == out.size(), "what is written is one head");
  RequestFacts meaning;
  require(!judge_request(again, meaning), "what is written is accepted");
  require(again.method == head.method && again.path_query == head.path_query, "same request");
  const bool had_body = facts.body.kind == Framing::Kind::chunked || facts.body.length != 0;
  const bool has_body = meaning.body.kind == Framing::Kind::chunked || meaning.body.length != 0;
  require(had_body == has_body && meaning.body.length == facts.body.length, "same body");
  require(meaning.keep_alive && !meaning.is_http10, "kept and HTTP/1.1");
  require(meaning.upgrade == facts.upgrade, "same upgrade");
  require(meaning.expects_continue == facts.expects_continue, "same expectation");
  require(facts.host.empty() || meaning.host == facts.host, "same host");
  require(again.fields.count(FieldId::x_forwarded_for) == 1, "one X-Forwarded-For");
  require(again.fields.count(FieldId::x_forwarded_proto) == 1, "one X-Forwarded-Proto");
  require(again.fields.count(FieldId::x_ssl) == 0, "no X-SSL");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Parsed whole = parse(bytes, size + 1);
  std::size_t scanned = 0;
  Parsed once;
  if (size != 0) once.status = parse_request_head(bytes, scanned, once.head, once.refusal);
  same(once, whole);
  same(once, parse(bytes, 1));
  same(once, parse(bytes, 7));

  RequestFacts facts;
  if (once.status == ParseStatus::complete && !judge_request(once.head, facts)) {
    rewrite_and_read(once.head, facts);
  }
  return 0;
}
