// Runs the readable cases: every head and body whole, byte by byte and split at each offset. The
// verdict, excerpt included, is always that of the file. Compares what Pound writes for the other
// side with the case, and checks that every reason has a case.
#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "t/unit/http/cases.h"
#include "t/unit/http/verdict_text.h"
#include "worker/http/chunked.h"
#include "worker/http/http1_writer.h"
#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/sanitizer.h"

using namespace worker::http;
using http_cases::body_text;
using http_cases::Case;
using http_cases::escape;
using http_cases::yes;

namespace {

std::string refused(const Refusal& refusal, std::string_view shown) {
  const ReasonInfo& reason = info(refusal.reason);
  return "refuse " + std::string(reason.code) + " " + std::to_string(reason.status) + " at " +
         std::to_string(refusal.offset) + " near=" + escape(shown);
}

std::string minor(const RequestHead& head) { return head.version == Version::http10 ? "0" : "1"; }
std::string minor(const ResponseHead& head) { return std::to_string(head.minor_version); }

std::string judged_request(const RequestHead& head, const Limits& limits, RuleSet allowed) {
  RequestFacts facts;
  Refusal refusal = judge_request(head, facts, limits);
  if (!refusal) refusal = facts.breaches.refusal(allowed);
  if (refusal) return refused(refusal, excerpt(head.bytes, refusal.offset));
  return "accept method=" + escape(head.method) + " path=" + escape(head.path_query) +
         " authority=" + escape(head.authority) + " host=" + escape(facts.host) +
         " minor=" + minor(head) + " body=" + body_text(facts.body) +
         " keep_alive=" + yes(facts.keep_alive) + " upgrade=" + escape(facts.upgrade) +
         " expects=" + yes(facts.expects_continue) + " repeatable=" + yes(facts.repeatable) +
         " fields=" + std::to_string(head.fields.size()) + " size=" + std::to_string(head.size);
}

// The outcome of feeding `bytes` in pieces that end at the given offsets.
using Feed = std::function<std::string(const std::string&, const std::vector<std::size_t>&)>;

std::string feed_request(const std::string& bytes, const std::vector<std::size_t>& ends,
                         const Limits& limits, RuleSet allowed) {
  std::size_t scanned = 0;
  RequestHead head;
  Refusal refusal;
  for (std::size_t end : ends) {
    // A copy of exactly these bytes: the sanitizers then see a read behind them, and the outcome
    // cannot depend on the bytes staying in place.
    const std::string piece = bytes.substr(0, end);
    switch (parse_request_head(piece, scanned, head, refusal, limits)) {
      case ParseStatus::complete:
        return judged_request(head, limits, allowed);
      case ParseStatus::refused:
        return refused(refusal, excerpt(head.bytes, refusal.offset));
      case ParseStatus::incomplete:
        break;
    }
  }
  return "incomplete";
}

std::string judged_response(const ResponseHead& head, const RequestFacts& request,
                            RuleSet relaxed) {
  ResponseFacts facts;
  if (const Refusal refusal = judge_response(head, request, facts, relaxed)) {
    return refused(refusal, excerpt(head.bytes, refusal.offset));
  }
  return "accept status=" + std::to_string(head.status) + " reason=" + escape(head.reason) +
         " minor=" + minor(head) + " body=" + body_text(facts.body) +
         " keep_alive=" + yes(facts.keep_alive) + " interim=" + yes(facts.is_interim) +
         " switches=" + yes(facts.switches) + " fields=" + std::to_string(head.fields.size()) +
         " size=" + std::to_string(head.size);
}

std::string feed_response(const std::string& bytes, const std::vector<std::size_t>& ends,
                          const RequestFacts& request, const ResponseRules& rules) {
  std::size_t scanned = 0;
  ResponseHead head;
  Refusal refusal;
  for (std::size_t end : ends) {
    const std::string piece = bytes.substr(0, end);
    switch (parse_response_head(piece, scanned, head, refusal, rules)) {
      case ParseStatus::complete:
        return judged_response(head, request, rules.relaxed);
      case ParseStatus::refused:
        return refused(refusal, excerpt(head.bytes, refusal.offset));
      case ParseStatus::incomplete:
        break;
    }
  }
  return "incomplete";
}

std::string feed_chunked(const std::string& bytes, const std::vector<std::size_t>& ends,
                         const Limits& limits, RuleSet relaxed) {
  ChunkedDecoder decoder(limits.body, relaxed);
  std::string data;
  std::size_t begin = 0;
  for (std::size_t end : ends) {
    std::vector<char> piece(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                            bytes.begin() + static_cast<std::ptrdiff_t>(end));
    const auto result = decoder.decode(piece.data(), piece.size());
    data.append(piece.data(), result.produced);
    if (result.state == ChunkedDecoder::State::refused) {
      return refused(decoder.refusal(), decoder.excerpt());
    }
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
  // Skip the splits of the largest cases: they repeat themselves, and copying each piece is slow.
  const std::size_t stride = bytes.size() <= 3000 ? 1 : 97;
  for (std::size_t split = 1; split < bytes.size(); split += stride) {
    REQUIRE(feed(bytes, {split, bytes.size()}) == whole);
  }
}

// The rest of each line of the case that begins with `key` and a space.
std::vector<std::string> values_of(const Case& test, std::string_view key) {
  std::vector<std::string> values;
  for (const std::string& line : test.lines) {
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
      values.push_back(line.substr(key.size() + 1));
    }
  }
  return values;
}

RuleSet allowed_by(const Case& test) {
  RuleSet allowed;
  for (const std::string& code : values_of(test, "allow")) {
    const Relax relax = info(find_reason(code)).relax;
    REQUIRE((relax == Relax::yes || relax == Relax::by_backend));
    allowed.add(find_reason(code));
  }
  return allowed;
}

// `sends` is a whole line of the written head; `hides` occurs nowhere in it.
void check_written(const Case& test, const std::string& written) {
  CAPTURE(test.title);
  CAPTURE(written);
  for (const std::string& line : values_of(test, "sends")) {
    CHECK(("\r\n" + written).find("\r\n" + http_cases::unescape(line) + "\r\n") !=
          std::string::npos);
  }
  for (const std::string& text : values_of(test, "hides")) {
    CHECK(written.find(http_cases::unescape(text)) == std::string::npos);
  }
}

std::string written_request(const Case& test, const Limits& limits) {
  const Forwarded forwarded{"192.0.2.7", "https", "192.0.2.1:443", "443", "X-SSL-Cipher: ours\r\n"};
  std::size_t scanned = 0;
  RequestHead head;
  Refusal refusal;
  RequestFacts facts;
  std::string out;
  REQUIRE(parse_request_head(test.bytes, scanned, head, refusal, limits) == ParseStatus::complete);
  REQUIRE(!judge_request(head, facts, limits));
  write_request_head(head, facts, forwarded, out);
  return out;
}

std::string written_response(const Case& test, const RequestFacts& request,
                             const ResponseRules& rules) {
  std::size_t scanned = 0;
  ResponseHead head;
  Refusal refusal;
  ResponseFacts facts;
  std::string out;
  REQUIRE(parse_response_head(test.bytes, scanned, head, refusal, rules) == ParseStatus::complete);
  REQUIRE(!judge_response(head, request, facts, rules.relaxed));
  if (facts.is_interim || facts.switches) {
    write_interim_head(head, out);
  } else {
    write_response_head(head, {.body = facts.body, .keep_alive = facts.keep_alive, .added = {}},
                        out);
  }
  return out;
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

// From lines such as "limit body=10".
Limits limits_of(const Case& test) {
  Limits limits;
  const auto set = [&](const std::string& line, const char* name, auto& limit) {
    const std::string start = std::string("limit ") + name + "=";
    if (line.starts_with(start)) limit = std::stoul(line.substr(start.size()));
  };
  for (const std::string& line : test.lines) {
    set(line, "line", limits.request_line);
    set(line, "head", limits.head);
    set(line, "fields", limits.fields);
    set(line, "body", limits.body);
  }
  return limits;
}

// Reasons that the bytes of a single head or body cannot cause, and the test that covers each.
const std::map<std::string, std::string> kElsewhere{
    {"response_interims_many", "t/e2e/requests/test_interim.py"},
};

}  // namespace

TEST_CASE("requests: every case gets its verdict, however the bytes are split") {
  const std::vector<Case> cases = http_cases::read_cases("requests");
  CHECK(cases.size() >= 300);
  for (const Case& test : cases) {
    const Limits limits = limits_of(test);
    const RuleSet allowed = allowed_by(test);
    check_case(test, [&](const std::string& bytes, const std::vector<std::size_t>& ends) {
      return feed_request(bytes, ends, limits, allowed);
    });
    if (test.verdict().starts_with("accept")) check_written(test, written_request(test, limits));
  }
}

TEST_CASE("responses: every case gets its verdict, however the bytes are split") {
  const std::vector<Case> cases = http_cases::read_cases("responses");
  CHECK(cases.size() >= 100);
  for (const Case& test : cases) {
    const RequestFacts request = request_of(test);
    const ResponseRules rules{allowed_by(test), limits_of(test).fields};
    check_case(test, [&](const std::string& bytes, const std::vector<std::size_t>& ends) {
      return feed_response(bytes, ends, request, rules);
    });
    if (test.verdict().starts_with("accept")) {
      check_written(test, written_response(test, request, rules));
    }
  }
}

TEST_CASE("chunked bodies: every case gets its verdict, however the bytes are split") {
  const std::vector<Case> cases = http_cases::read_cases("chunked");
  CHECK(cases.size() >= 50);
  for (const Case& test : cases) {
    const Limits limits = limits_of(test);
    const RuleSet allowed = allowed_by(test);
    check_case(test, [&](const std::string& bytes, const std::vector<std::size_t>& ends) {
      return feed_chunked(bytes, ends, limits, allowed);
    });
  }
}

TEST_CASE("every reason has a case") {
  std::set<std::string> seen;
  for (const char* folder : {"requests", "responses", "chunked", "h2_requests", "h2_trailers"}) {
    for (const Case& test : http_cases::read_cases(folder)) {
      const std::string& verdict = test.verdict();
      if (verdict.starts_with("refuse ")) seen.insert(verdict.substr(7, verdict.find(' ', 7) - 7));
    }
  }
  for (std::size_t i = 1; i < kReasons; ++i) {
    const std::string code(info(static_cast<Reason>(i)).code);
    CAPTURE(code);
    CHECK(seen.count(code) + kElsewhere.count(code) == 1);
  }
  CHECK(seen.size() + kElsewhere.size() == kReasons - 1);
  for (const auto& elsewhere : kElsewhere) {
    const auto& code = elsewhere.first;
    const auto& file = elsewhere.second;
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    CAPTURE(file);
    CHECK(text.find(code) != std::string::npos);
  }
}

TEST_CASE("every relaxable rule has a case that relaxes it and shows what Pound sends") {
  std::set<std::string> seen;
  for (const char* folder : {"requests", "responses", "chunked"}) {
    for (const Case& test : http_cases::read_cases(folder)) {
      // Of a body the verdict shows all that is sent.
      const bool shows = std::string_view(folder) == "chunked" || !values_of(test, "sends").empty();
      if (!shows || !test.verdict().starts_with("accept")) continue;
      for (const std::string& code : values_of(test, "allow")) seen.insert(code);
    }
  }
  for (const Reason reason : kRelaxable) CHECK(seen.count(std::string(info(reason).code)) == 1);
  for (const Reason reason : kRelaxableInResponses) {
    CHECK(seen.count(std::string(info(reason).code)) == 1);
  }
}
