// The parts of a parsed request. For verdicts see data/requests.
#include "worker/http/request_head.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/http/heads.h"

using namespace worker::http;

TEST_CASE("request_head: every part is a view into the bytes") {
  const http_heads::Request request(
      "\r\nPOST http://a.example:8080/b/c?d=e HTTP/1.0\r\nHost:a.example:8080\r\nX-Y:  z "
      "\r\n\r\nbody");
  const RequestHead& head = request.head;
  CHECK(head.line == "POST http://a.example:8080/b/c?d=e HTTP/1.0");
  CHECK(head.method == "POST");
  CHECK(head.target == "http://a.example:8080/b/c?d=e");
  CHECK(head.authority == "a.example:8080");
  CHECK(head.path_query == "/b/c?d=e");
  CHECK(head.version == Version::http10);
  CHECK(head.size == request.bytes.size() - 4);
  REQUIRE(head.fields.size() == 2);
  CHECK(head.fields.begin()[0].name == "Host");
  CHECK(head.fields.begin()[0].value == "a.example:8080");
  CHECK(head.fields.begin()[1].name == "X-Y");
  CHECK(head.fields.begin()[1].value == "z");
  CHECK(head.line.data() == request.bytes.data() + 2);
}

TEST_CASE("request_head: an early refusal shows nothing of the previous head") {
  const std::string first = "GET http://a/ HTTP/1.0\r\nHost: a\r\nReferer: secret\r\n\r\n";
  for (const std::string& second : {std::string("\x16\x03\x01\r\n\r\n"), std::string("\n"),
                                    std::string("GET / HTTP/1.1\nA: b\n"), std::string(9000, 'l'),
                                    "GET / HTTP/1.1\r\nA: " + std::string(40000, 'a')}) {
    RequestHead head;
    Refusal refusal;
    std::size_t scanned = 0;
    REQUIRE(parse_request_head(first, scanned, head, refusal) == ParseStatus::complete);
    scanned = 0;
    CHECK(parse_request_head(second, scanned, head, refusal) == ParseStatus::refused);
    CHECK(head.fields.size() == 0);
    CHECK(head.fields.find(FieldId::referer) == nullptr);
    CHECK(head.authority.empty());
    CHECK(head.path_query.empty());
  }
}

TEST_CASE("request_head: a reused head keeps nothing of the previous request") {
  RequestHead head;
  Refusal refusal;
  std::size_t scanned = 0;
  const std::string first = "GET http://a/ HTTP/1.0\r\nHost: a\r\nX: y\r\n\r\n";
  CHECK(parse_request_head(first, scanned, head, refusal) == ParseStatus::complete);
  scanned = 0;
  const std::string second = "OPTIONS * HTTP/1.1\r\nA: b\r\n\r\n";
  CHECK(parse_request_head(second, scanned, head, refusal) == ParseStatus::complete);
  CHECK(head.authority == "");
  CHECK(head.path_query == "*");
  CHECK(head.version == Version::http11);
  CHECK(head.fields.size() == 1);
  CHECK(!head.fields.has(FieldId::host));
}

TEST_CASE("request_head: a cleared head is empty") {
  RequestHead head;
  Refusal refusal;
  std::size_t scanned = 0;
  const std::string bytes = "GET http://a/%zz HTTP/1.0\r\nHost: a\r\n\r\n";
  CHECK(parse_request_head(bytes, scanned, head, refusal) == ParseStatus::complete);
  CHECK(head.breaches.contains(Reason::percent_encoding));
  head.clear(1);
  for (const std::string_view part :
       {head.line, head.method, head.target, head.authority, head.path_query, head.bytes}) {
    CHECK(part.empty());
  }
  CHECK(head.version == Version::http11);
  CHECK(head.breaches.empty());
  CHECK(head.size == 0);
  CHECK(head.fields.size() == 0);
  CHECK(!head.fields.has(FieldId::host));
  CHECK(head.fields.add({"A", "b"}));
  CHECK(!head.fields.add({"C", "d"}));
}

TEST_CASE("request_head: the search does not read bytes twice") {
  RequestHead head;
  Refusal refusal;
  std::size_t scanned = 0;
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  CHECK(parse_request_head(bytes, scanned, head, refusal) == ParseStatus::incomplete);
  CHECK(scanned == bytes.size());
  // The search has passed this place, so only the parser of the whole head finds the LF.
  bytes[20] = '\n';
  bytes += "X: y\r\n";
  CHECK(parse_request_head(bytes, scanned, head, refusal) == ParseStatus::incomplete);
  CHECK(scanned == bytes.size());
}

TEST_CASE("request_head: a refused request keeps its line for the log") {
  RequestHead head;
  Refusal refusal;
  std::size_t scanned = 0;
  CHECK(parse_request_head("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", scanned, head, refusal) ==
        ParseStatus::refused);
  CHECK(head.line == "GET /a b HTTP/1.1");
  scanned = 0;
  CHECK(parse_request_head("GET /a HTTP/1.1\nHost: a", scanned, head, refusal) ==
        ParseStatus::refused);
  CHECK(head.line == "GET /a HTTP/1.1");
  scanned = 0;
  CHECK(parse_request_head("\x16\x03\x01", scanned, head, refusal) == ParseStatus::refused);
  CHECK(head.line == "\x16\x03\x01");
  scanned = 0;
  const std::string endless = "GET /" + std::string(20000, 'a');
  CHECK(parse_request_head(endless, scanned, head, refusal) == ParseStatus::refused);
  CHECK(refusal.reason == Reason::request_line_too_long);
  CHECK(head.line == endless.substr(0, kMaxRequestLine));
  scanned = 0;
  CHECK(parse_request_head("\r\n\n", scanned, head, refusal) == ParseStatus::refused);
  CHECK(head.line == "");
}

TEST_CASE("request_head: two requests in one read") {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string both = first + "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  const http_heads::Request one(both);
  CHECK(one.head.size == first.size());
  const http_heads::Request two(both.substr(one.head.size));
  CHECK(two.head.path_query == "/2");
}

TEST_CASE("request_head: a refused head has the fields behind its fault") {
  const auto fields = [](const std::string& bytes) {
    RequestHead head;
    Refusal refusal;
    std::size_t scanned = 0;
    CHECK(parse_request_head(bytes, scanned, head, refusal, {.fields = 3}) == ParseStatus::refused);
    std::string text = head.has_all_fields ? "" : "not all: ";
    for (const Field& field : head.fields) {
      text.append(field.name).append("=").append(field.value).append(" ");
    }
    return text;
  };
  CHECK(fields("GET a HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n") == "A=1 B=2 ");
  CHECK(fields("GET / HTTP/1.1\r\nA: 1\r\nB : 2\r\nC: 3\r\n\r\n") == "A=1 C=3 ");
  CHECK(fields("GET / HTTP/1.1\r\nA: 1\r\n B: 2\r\nC: 3\r\n\r\n") == "A=1 C=3 ");
  CHECK(fields("GET / HTTP/1.1\r\n A: 1\r\nC: 3\r\n\r\n") == "C=3 ");
  CHECK(fields("GET / HTTP/1.1\r\nA: 1\rX: 2\r\nC: 3\r\n\r\n") == "C=3 ");
  CHECK(fields("GET / HTTP/1.1\r\nnone\r\n: x\r\nC: 3\r\n\r\n") == "C=3 ");
  CHECK(fields("GET / HTTP/1.1\r\nA: 1\r\nB : 2\r\n\r\n") == "A=1 ");
  CHECK(fields("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n") ==
        "not all: A=1 B=2 C=3 ");
  CHECK(fields("GET a HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n") ==
        "not all: A=1 B=2 C=3 ");
  CHECK(fields("GET / HTTP/1.1\r\nA: 1\nB: 2\r\n\r\n") == "not all: ");
  CHECK(fields("\x16\x03") == "not all: ");
}
