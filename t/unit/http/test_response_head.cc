// The parts of a parsed response. For verdicts see data/responses.
#include "worker/http/response_head.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/http/heads.h"

using namespace worker::http;

TEST_CASE("response_head: every part") {
  const http_heads::Response response(
      "HTTP/1.0 404 Not Found\r\nServer : s\r\nContent-Length: 2\r\n\r\nno");
  CHECK(response.head.minor_version == 0);
  CHECK(response.head.status == 404);
  CHECK(response.head.reason == "Not Found");
  CHECK(response.head.size == response.bytes.size() - 2);
  REQUIRE(response.head.fields.size() == 2);
  CHECK(response.head.fields.begin()[0].name == "Server");
  CHECK(response.head.fields.begin()[0].value == "s");
  CHECK(response.head.fields.find(FieldId::content_length)->value == "2");
}

TEST_CASE("response_head: a reused head keeps nothing of the previous response") {
  ResponseHead head;
  Refusal refusal;
  std::size_t scanned = 0;
  CHECK(parse_response_head("HTTP/1.0 404 Not Found\r\nA: b\r\n\r\n", scanned, head, refusal) ==
        ParseStatus::complete);
  scanned = 0;
  CHECK(parse_response_head("HTTP/1.1 200\r\n\r\n", scanned, head, refusal) ==
        ParseStatus::complete);
  CHECK(head.reason == "");
  CHECK(head.fields.size() == 0);
  CHECK(head.status == 200);
  CHECK(!refusal);
}

TEST_CASE("response_head: an interim response is one head, and the final response is the next") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const http_heads::Response first(interim + "HTTP/1.1 200 OK\r\n\r\n");
  CHECK(first.head.size == interim.size());
  CHECK(first.facts.is_interim);
}

TEST_CASE("response_head: the search continues where it stopped") {
  ResponseHead head;
  Refusal refusal;
  std::size_t scanned = 0;
  std::string bytes = "HTTP/1.1 200 OK\r\n";
  CHECK(parse_response_head(bytes, scanned, head, refusal) == ParseStatus::incomplete);
  CHECK(scanned == bytes.size());
  bytes += "\r\n";
  CHECK(parse_response_head(bytes, scanned, head, refusal) == ParseStatus::complete);
}
