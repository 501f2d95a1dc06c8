// A verdict does not depend on the order of the fields. Tests every pair of lines that can cause a
// refusal, in both orders, with and without harmless lines around and between them.
//
// Exception: when both lines are malformed, the first one determines the reason. The head is
// refused in either order.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/sanitizer.h"

using namespace worker::http;

namespace {

struct Line {
  std::string text;
  bool malformed = false;
};

const std::vector<Line> kRequestLines{
    {"Host: a"},
    {"Host: b"},
    {"Host:"},
    {"Host: a b"},
    {"host: a:80"},
    {"Content-Length: 3"},
    {"content-length: 4"},
    {"Content-Length: +3"},
    {"Content-Length:"},
    {"Content-Length: 3, 3"},
    {"Transfer-Encoding: chunked"},
    {"transfer-encoding: CHUNKED"},
    {"Transfer-Encoding: xchunked"},
    {"Transfer-Encoding: gzip, chunked"},
    {"Transfer-Encoding: chunked, chunked"},
    {"Transfer-Encoding:"},
    {"Transfer_Encoding: chunked"},
    {"Connection: close"},
    {"Connection: keep-alive"},
    {"Connection: upgrade"},
    {"Connection: a b"},
    {"Connection: Content-Length, Transfer-Encoding, Host"},
    {"Upgrade: websocket"},
    {"Upgrade: h2c"},
    {"Expect: 100-continue"},
    {"Expect: tea"},
    {"TE: trailers"},
    {"Trailer: Content-Length"},
    {"X-Forwarded-For: 1"},
    {"X-A : b", true},
    {"Host : b", true},
    {"X-A", true},
    {": b", true},
    {"X A: b", true},
    {std::string("X-A: \0", 6), true},
    {"X-A: \x01", true},
    {"X-A: b\rc", true},
    {"X-A: b\nHost: c", true},
};

const std::vector<Line> kResponseLines{
    {"Content-Length: 3"},
    {"Content-Length: 4"},
    {"Content-Length: x"},
    {"Content-Length:"},
    {"Transfer-Encoding: chunked"},
    {"Transfer-Encoding: gzip, chunked"},
    {"Transfer-Encoding:"},
    {"Connection: close"},
    {"Connection: upgrade"},
    {"Connection: a b"},
    {"Upgrade: websocket"},
    {"Upgrade: other"},
    {"Content-Length : 3"},
    {": b", true},
    {"X-A", true},
    {"X-A: \x7f", true},
    {"X-A: b\rc", true},
};

const std::vector<std::string> kRequestStarts{
    "GET / HTTP/1.1\r\n",    "POST / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.0\r\n",
    "BREW /\" HTTP/1.1\r\n", "GET http://a/% HTTP/1.1\r\n",
};

std::string facts_text(const Framing& body, bool keep_alive) {
  return std::to_string(static_cast<int>(body.kind)) + " " + std::to_string(body.length) + " " +
         std::to_string(static_cast<int>(keep_alive));
}

std::string code_of(const Refusal& refusal) {
  const ReasonInfo& reason = info(refusal.reason);
  return std::to_string(reason.status) + " " + std::string(reason.code);
}

std::string request_verdict(const std::string& bytes) {
  RequestHead head;
  RequestFacts facts;
  Refusal refusal;
  std::size_t scanned = 0;
  if (parse_request_head(bytes, scanned, head, refusal) != ParseStatus::complete) {
    return code_of(refusal);
  }
  refusal = judge_request(head, facts);
  if (!refusal) refusal = facts.breaches.refusal({});
  if (refusal) return code_of(refusal);
  return "accept " + facts_text(facts.body, facts.keep_alive) + std::string(facts.upgrade) +
         std::to_string(static_cast<int>(facts.expects_continue)) + std::string(facts.host);
}

std::string response_verdict(const std::string& bytes) {
  RequestFacts request;
  request.upgrade = "websocket";
  ResponseHead head;
  ResponseFacts facts;
  Refusal refusal;
  std::size_t scanned = 0;
  if (parse_response_head(bytes, scanned, head, refusal) == ParseStatus::complete) {
    refusal = judge_response(head, request, facts);
  }
  if (refusal) return code_of(refusal);
  return "accept " + facts_text(facts.body, facts.keep_alive);
}

template <typename Verdict>
void check_pairs(const std::string& start, const std::vector<Line>& lines, Verdict verdict) {
  const std::string calm = "X-Calm: yes\r\n";
  for (const Line& a : lines) {
    for (const Line& b : lines) {
      const std::string first = a.text + "\r\n";
      const std::string second = b.text + "\r\n";
      const std::string one = verdict(start + first + second + "\r\n");
      const std::string other = verdict(start + second + first + "\r\n");
      CAPTURE(start + first + second);
      REQUIRE(one.starts_with("accept") == other.starts_with("accept"));
      if (a.malformed && b.malformed) continue;
      REQUIRE(one == other);
      REQUIRE(verdict(start + calm + first + calm + second + calm + "\r\n") == one);
      REQUIRE(verdict(start + second + calm + first + "\r\n") == one);
    }
  }
}

}  // namespace

TEST_CASE("order: a request's verdict does not depend on the order of its fields") {
  for (const std::string& start : kRequestStarts) {
    check_pairs(start, kRequestLines, request_verdict);
  }
}

TEST_CASE("order: a response's verdict does not depend on the order of its fields") {
  for (const char* start : {"HTTP/1.1 200 OK\r\n", "HTTP/1.0 404 No\r\n", "HTTP/1.1 101 Go\r\n",
                            "HTTP/1.1 204 None\r\n", "HTTP/1.1 100 Wait\r\n"}) {
    check_pairs(start, kResponseLines, response_verdict);
  }
}

TEST_CASE("order: the first of several malformed lines determines the reason") {
  CHECK(request_verdict("GET / HTTP/1.1\r\nX-A : b\r\n: b\r\n\r\n") == "400 space_before_colon");
  CHECK(request_verdict("GET / HTTP/1.1\r\n: b\r\nX-A : b\r\n\r\n") == "400 name_empty");
}
