// Runs the readable cases: every head and body whole, byte by byte and split at each offset, always
// with the verdict that stands in the file; and sees that no reason is without a case.
#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <set>

#include "t/unit/test_http_cases.h"
#include "worker/http/chunked.h"
#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/sanitizer.h"

using namespace worker::http;
using http_cases::Case;
using http_cases::escape;

namespace {

std::string refused(const Refusal& refusal) {
  const ReasonInfo& reason = info(refusal.reason);
  return "refuse " + std::string(reason.code) + " " + std::to_string(reason.status) + " at " +
         std::to_string(refusal.offset);
}

std::string body_text(const Framing& body) {
  switch (body.kind) {
    case Framing::Kind::none:
      return "none";
    case Framing::Kind::length:
      return "length:" + std::to_string(body.length);
    case Framing::Kind::chunked:
      return "chunked";
    case Framing::Kind::until_close:
      return "until_close";
  }
  return "?";
}

std::string yes(bool value) { return value ? "yes" : "no"; }

std::string judged_request(const RequestHead& head) {
  RequestFacts facts;
  if (const Refusal refusal = judge_request(head, facts)) return refused(refusal);
  return "accept method=" + escape(head.method) + " path=" + escape(head.path_query) +
         " authority=" + escape(head.authority) + " host=" + escape(facts.host) +
         " minor=" + std::to_string(head.minor_version) + " body=" + body_text(facts.body) +
         " keep_alive=" + yes(facts.keep_alive) + " upgrade=" + escape(facts.upgrade) +
         " expects=" + yes(facts.expects_continue) + " repeatable=" + yes(facts.repeatable) +
         " fields=" + std::to_string(head.fields.size()) + " size=" + std::to_string(head.size);
}

// What each whole or partial feeding of `bytes` comes to: a function of pieces' ends.
using Feed = std::function<std::string(const std::string&, const std::vector<std::size_t>&)>;

std::string feed_request(const std::string& bytes, const std::vector<std::size_t>& ends) {
  std::size_t scanned = 0;
  RequestHead head;
  Refusal refusal;
  for (std::size_t end : ends) {
    // A copy of just these bytes, so that a read behind them is seen by the sanitizers, and so
    // that nothing may depend on their staying in place.
    const std::string piece = bytes.substr(0, end);
    switch (parse_request_head(piece, scanned, head, refusal)) {
      case ParseStatus::complete:
        return judged_request(head);
      case ParseStatus::refused:
        return refused(refusal);
      case ParseStatus::incomplete:
        break;
    }
  }
  return "incomplete";
}

std::string judged_response(const ResponseHead& head, const RequestFacts& request) {
  ResponseFacts facts;
  if (const Refusal refusal = judge_response(head, request, facts)) return refused(refusal);
  return "accept status=" + std::to_string(head.status) + " reason=" + escape(head.reason) +
         " minor=" + std::to_string(head.minor_version) + " body=" + body_text(facts.body) +
         " keep_alive=" + yes(facts.keep_alive) + " interim=" + yes(facts.is_interim) +
         " switches=" + yes(facts.switches) + " fields=" + std::to_string(head.fields.size()) +
         " size=" + std::to_string(head.size);
}

std::string feed_response(const std::string& bytes, const std::vector<std::size_t>& ends,
                          const RequestFacts& request) {
  std::size_t scanned = 0;
  ResponseHead head;
  Refusal refusal;
  for (std::size_t end : ends) {
    const std::string piece = bytes.substr(0, end);
    switch (parse_response_head(piece, scanned, head, refusal)) {
      case ParseStatus::complete:
        return judged_response(head, request);
      case ParseStatus::refused:
        return refused(refusal);
      case ParseStatus::incomplete:
        break;
    }
  }
  return "incomplete";
}

std::string feed_chunked(const std::string& bytes, const std::vector<std::size_t>& ends) {
  ChunkedDecoder decoder;
  std::string data;
  std::size_t begin = 0;
  for (std::size_t end : ends) {
    std::vector<char> piece(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                            bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const auto result = decoder.decode(piece.data(), piece.size());
    data.append(piece.data(), result.produced);
    if (result.state == ChunkedDecoder::State::refused) return refused(decoder.refusal());
    if (result.state == ChunkedDecoder::State::done) {
      return "accept data=" + escape(data) + " trailer=" + escape(decoder.trailer()) +
             " size=" + std::to_string(begin + result.consumed);
    }
    CHECK(result.consumed == piece.size());
    begin = end;
  }
  return "incomplete";
}

void check_case(const Case& test, const Feed& feed) {
  CAPTURE(test.title);
  REQUIRE(!test.lines.empty());
  const std::string& bytes = test.bytes;
  const std::string whole = feed(bytes, {bytes.size()});
  CAPTURE(whole);
  CHECK(http_cases::missing_words(test.verdict(), whole) == "");

  std::vector<std::size_t> each;
  for (std::size_t end = 1; end <= bytes.size(); ++end) each.push_back(end);
  CHECK(feed(bytes, each) == whole);
  // Splits of the largest cases would only repeat themselves, slowly, since each piece is copied.
  const std::size_t stride = bytes.size() <= 3000 ? 1 : 97;
  for (std::size_t split = 1; split < bytes.size(); split += stride) {
    REQUIRE(feed(bytes, {split, bytes.size()}) == whole);
  }
}

RequestFacts request_of(const Case& test) {
  RequestFacts request;
  for (const std::string& line : test.lines) {
    if (line == "request HEAD") request.is_head = true;
    if (line.starts_with("request upgrade=")) {
      request.upgrade = std::string_view(line).substr(std::strlen("request upgrade="));
    }
  }
  return request;
}

}  // namespace

TEST_CASE("requests: every case gets its verdict, however it is split") {
  const std::vector<Case> cases = http_cases::read_cases("requests");
  CHECK(cases.size() >= 150);
  for (const Case& test : cases) check_case(test, feed_request);
}

TEST_CASE("responses: every case gets its verdict, however it is split") {
  const std::vector<Case> cases = http_cases::read_cases("responses");
  CHECK(cases.size() >= 50);
  for (const Case& test : cases) {
    const RequestFacts request = request_of(test);
    check_case(test, [&](const std::string& bytes, const std::vector<std::size_t>& ends) {
      return feed_response(bytes, ends, request);
    });
  }
}

TEST_CASE("chunked bodies: every case gets its verdict, however it is split") {
  const std::vector<Case> cases = http_cases::read_cases("chunked");
  CHECK(cases.size() >= 50);
  for (const Case& test : cases) check_case(test, feed_chunked);
}

TEST_CASE("every reason has a case") {
  std::set<std::string> seen;
  for (const char* folder : {"requests", "responses", "chunked"}) {
    for (const Case& test : http_cases::read_cases(folder)) {
      const std::string& verdict = test.verdict();
      if (verdict.starts_with("refuse ")) seen.insert(verdict.substr(7, verdict.find(' ', 7) - 7));
    }
  }
  for (std::size_t i = 1; i < kReasons; ++i) {
    const std::string code(info(static_cast<Reason>(i)).code);
    CAPTURE(code);
    CHECK(seen.count(code) == 1);
  }
  CHECK(seen.size() == kReasons - 1);
}
