// Runs the readable cases of header blocks, each in several encodings: the verdict, excerpt
// included, is that of the file. What Pound writes for the backend is compared with the case, and
// is again one request of HTTP/1.1 with the same meaning.
#include <doctest/doctest.h>

#include "t/unit/http/verdict_text.h"
#include "t/unit/http2/cases.h"
#include "worker/http/http1_writer.h"
#include "worker/http/sanitizer.h"
#include "worker/http2/request_block.h"

using namespace worker::http;
using namespace worker::http2;
using http2_cases::Case;
using http_cases::body_text;
using http_cases::escape;
using http_cases::yes;

namespace {

const Forwarded kForwarded{"192.0.2.7", "https", "192.0.2.1:443", "443"};

struct Setting {
  RequestBlock request;
  Limits limits;
  RuleSet allowed;
};

Setting setting_of(const Case& test) {
  Setting setting;
  setting.request.is_ended = true;
  setting.request.is_tls = true;
  for (std::size_t i = 0; i < 16; ++i) {
    setting.request.websocket_nonce[i] = static_cast<std::uint8_t>(16 * i + 3);
  }
  for (const std::string& word : http2_cases::values_of(test, "with")) {
    const std::size_t number = word.find('=') + 1;
    if (word == "content") setting.request.is_ended = false;
    if (word == "http") setting.request.is_tls = false;
    if (word == "connect") setting.request.may_connect = true;
    if (word.starts_with("MaxHeader=")) setting.limits.head = std::stoul(word.substr(number));
    if (word.starts_with("MaxHeaders=")) setting.limits.fields = std::stoul(word.substr(number));
    if (word.starts_with("MaxURI=")) setting.limits.request_line = std::stoul(word.substr(number));
    if (word.starts_with("MaxRequest=")) setting.limits.body = std::stoul(word.substr(number));
  }
  for (const std::string& code : http2_cases::values_of(test, "allow")) {
    setting.allowed.add(find_reason(code));
  }
  return setting;
}

std::string refused(const Refusal& refusal, std::string_view text) {
  const ReasonInfo& reason = info(refusal.reason);
  return "refuse " + std::string(reason.code) + " " + std::to_string(reason.status) +
         (is_malformed(refusal.reason) ? " malformed" : " answered") + " at " +
         std::to_string(refusal.offset) + " near=" + escape(excerpt(text, refusal.offset));
}

std::string cookie_of(const RequestHead& head) {
  CHECK(head.fields.count(FieldId::cookie) <= 1);
  const Field* const cookie = head.fields.find(FieldId::cookie);
  return cookie != nullptr ? escape(cookie->value) : "";
}

// One request: what decoding and judging it leave behind.
struct Judged {
  std::string text;
  RequestHead head;
  RequestFacts facts;
  std::string verdict;
  std::string line;  // for the log, even when the request is refused
};

void judge(Decoder& decoder, const std::string& block, Setting setting, Judged& judged) {
  Refusal refusal;
  const BlockStatus status = decode_request(decoder, block, setting.request, setting.limits,
                                            judged.text, judged.head, refusal);
  judged.line = escape(judged.head.line);
  if (status == BlockStatus::compression_error) {
    judged.verdict = "compression_error";
    return;
  }
  const RequestHead& head = judged.head;
  CHECK((status == BlockStatus::refused) == static_cast<bool>(refusal));
  if (!refusal) {
    refusal = judge_request(head, judged.facts, setting.limits);
    // The judge has nothing left to find for which a stream is reset.
    CHECK(!is_malformed(refusal.reason));
  }
  if (!refusal) refusal = judged.facts.breaches.refusal(setting.allowed);
  if (refusal) {
    CHECK((refusal.offset < head.bytes.size() || head.bytes.empty()));
    judged.verdict = refused(refusal, head.bytes);
    return;
  }
  const RequestFacts& facts = judged.facts;
  judged.verdict = "accept method=" + escape(head.method) + " path=" + escape(head.path_query) +
                   " host=" + escape(facts.host) + " body=" + body_text(facts.body) +
                   " upgrade=" + escape(facts.upgrade) + " expects=" + yes(facts.expects_continue) +
                   " repeatable=" + yes(facts.repeatable) +
                   " fields=" + std::to_string(head.fields.size()) + " cookie=" + cookie_of(head) +
                   " urgency=" + std::to_string(setting.request.urgency) +
                   " incremental=" + yes(setting.request.incremental) +
                   " websocket=" + yes(setting.request.is_websocket);
}

// What HTTP/1.1 makes of the head that Pound writes.
void check_as_http1(const Judged& judged, const std::string& written) {
  constexpr std::size_t kAdded = 10;  // the most fields that the rewriting adds
  if (judged.head.fields.size() + kAdded > kFieldCapacity) return;
  std::size_t scanned = 0;
  RequestHead again;
  RequestFacts meaning;
  Refusal refusal;
  REQUIRE(parse_request_head(written, scanned, again, refusal, {.fields = kFieldCapacity}) ==
          ParseStatus::complete);
  CHECK(again.size == written.size());
  REQUIRE(!judge_request(again, meaning));
  CHECK(again.method == judged.head.method);
  if (judged.head.breaches.empty()) CHECK(again.path_query == judged.head.path_query);
  if (!judged.facts.host.empty()) CHECK(meaning.host == judged.facts.host);
  CHECK(again.fields.count(FieldId::host) == 1);
  CHECK(again.fields.count(FieldId::cookie) == judged.head.fields.count(FieldId::cookie));
  CHECK((meaning.body.kind == Framing::Kind::chunked) ==
        (judged.facts.body.kind == Framing::Kind::chunked));
  CHECK(meaning.body.length == judged.facts.body.length);
  CHECK(meaning.upgrade == judged.facts.upgrade);
  CHECK(meaning.expects_continue == judged.facts.expects_continue);
}

void check_written(const Case& test, const Judged& judged) {
  std::string written;
  write_request_head(judged.head, judged.facts, kForwarded, written);
  CAPTURE(written);
  for (const std::string& line : http2_cases::values_of(test, "sends")) {
    CAPTURE(line);
    CHECK(("\r\n" + written).find("\r\n" + http_cases::unescape(line) + "\r\n") !=
          std::string::npos);
  }
  for (const std::string& text : http2_cases::values_of(test, "hides")) {
    CAPTURE(text);
    CHECK(written.find(http_cases::unescape(text)) == std::string::npos);
  }
  check_as_http1(judged, written);
}

std::string trailer_verdict(Decoder& decoder, const std::string& block, const Limits& limits) {
  std::string lines;
  Refusal refusal;
  const BlockStatus status = decode_trailer(decoder, block, limits, lines, refusal);
  if (status == BlockStatus::compression_error) return "compression_error";
  CHECK((status == BlockStatus::refused) == static_cast<bool>(refusal));
  return refusal ? refused(refusal, lines) : "accept lines=" + escape(lines);
}

}  // namespace

TEST_CASE("h2 requests: every case gets its verdict, in every encoding") {
  const std::vector<Case> cases = http2_cases::read_cases("h2_requests");
  CHECK(cases.size() >= 150);
  Judged judged;  // reused, as a worker does
  for (const Case& test : cases) {
    CAPTURE(test.title);
    REQUIRE(!test.lines.empty());
    for (const std::string& block : http2_cases::blocks_of(test)) {
      Decoder decoder;
      judge(decoder, block, setting_of(test), judged);
      CAPTURE(judged.verdict);
      CHECK(http_cases::missing_words(test.verdict(), judged.verdict) == "");
      for (const std::string& line : http2_cases::values_of(test, "logs")) {
        CHECK(judged.line == line);
      }
      if (test.verdict().starts_with("accept")) check_written(test, judged);
      decoder.pack();
      const std::string before = judged.verdict;
      judge(decoder, block, setting_of(test), judged);
      CHECK(judged.verdict == before);
    }
  }
}

TEST_CASE("h2 trailers: every case gets its verdict, in every encoding") {
  const std::vector<Case> cases = http2_cases::read_cases("h2_trailers");
  CHECK(cases.size() >= 15);
  for (const Case& test : cases) {
    CAPTURE(test.title);
    REQUIRE(!test.lines.empty());
    for (const std::string& block : http2_cases::blocks_of(test)) {
      Decoder decoder;
      const std::string verdict = trailer_verdict(decoder, block, setting_of(test).limits);
      CAPTURE(verdict);
      CHECK(http_cases::missing_words(test.verdict(), verdict) == "");
    }
  }
}
