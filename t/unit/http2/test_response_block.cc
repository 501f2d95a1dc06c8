// Header blocks of responses: which fields they have, in which order, and their exact bytes.
#include "worker/http2/response_block.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/http/heads.h"
#include "t/unit/http2/blocks.h"

using namespace worker::http;
using namespace worker::http2;
using http2_blocks::Collected;
using http2_blocks::to_hex;
using http_heads::Response;

namespace {

constexpr const char* kDate = "Mon, 01 Jan 2024 00:00:00 GMT";

std::string fields_of(const std::string& block) {
  Decoder decoder;
  Collected fields;
  REQUIRE(decoder.decode(block, fields));
  CHECK(decoder.table_bytes() == 0);
  return fields.text;
}

std::string response(const Response& of, const AddedLines& added = {}, const char* date = "") {
  Encoder encoder;
  std::string block;
  encode_response(encoder, of.head, {.body = of.facts.body, .added = added, .date = date}, block);
  return fields_of(block);
}

std::string answer_to_head(const char* raw) {
  RequestFacts head;
  head.is_head = true;
  return response(Response(raw, head));
}

}  // namespace

TEST_CASE("response block: a response with a length") {
  const Response of("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\nX-Y: Z\r\n\r\n");
  CHECK(response(of) == ":status=200|server=x|x-y=Z|content-length=5|");
  CHECK(response(of, {}, kDate) ==
        ":status=200|server=x|x-y=Z|content-length=5|date=Mon, 01 Jan 2024 00:00:00 GMT|");
}

TEST_CASE("response block: the exact bytes") {
  const Response of(
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n"
      "Set-Cookie: a=b\r\n\r\n");
  Encoder encoder;
  std::string block;
  encode_response(encoder, of.head, {.body = of.facts.body}, block);
  // 88; 31 by name, in Huffman's code; 55 never to be indexed; 28 by name.
  CHECK(to_hex(block) == "880f1087497ca589d34d1f1f2803613d620f0d0135");
  std::string again = "x";
  encode_response(encoder, of.head, {.body = of.facts.body}, again);
  CHECK(again == "x" + block);
}

TEST_CASE("response block: fields of the connection never pass") {
  const Response of(
      "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nKeep-Alive: timeout=5\r\n"
      "Proxy-Connection: close\r\nTE: trailers\r\nUpgrade: h2c\r\nX-Hop: y\r\n"
      "Transfer-Encoding: chunked\r\nX-Own: z\r\n\r\n");
  CHECK(response(of) == ":status=200|x-own=z|");
}

TEST_CASE("response block: Trailer announces what comes behind content of unknown length") {
  CHECK(response(Response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                          "Trailer: X-Sum\r\n\r\n")) == ":status=200|trailer=X-Sum|");
  CHECK(response(Response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTrailer: X-Sum\r\n\r\n")) ==
        ":status=200|content-length=5|");
  CHECK(response(Response("HTTP/1.0 200 OK\r\nTrailer: X-Sum\r\n\r\n")) == ":status=200|");
}

TEST_CASE("response block: no reason phrase, and Upgrade of a 426 says nothing here") {
  CHECK(response(Response("HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\n"
                          "Connection: upgrade\r\nContent-Length: 0\r\n\r\n")) ==
        ":status=426|content-length=0|");
}

TEST_CASE("response block: the length of content that does not follow") {
  CHECK(answer_to_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") ==
        ":status=200|content-length=5|");
  CHECK(answer_to_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == ":status=200|");
  CHECK(response(Response("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n")) ==
        ":status=304|content-length=7|");
  CHECK(response(Response("HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n")) ==
        ":status=204|");
}

TEST_CASE("response block: what Pound adds, and what that replaces") {
  const Response of(
      "HTTP/1.1 200 OK\r\nDate: today\r\nStrict-Transport-Security: max-age=1\r\n"
      "Content-Length: 0\r\n\r\n");
  CHECK(response(of,
                 {.head_add = "X-Added: one\r\nX-Added: Two\r\n",
                  .hsts = "Strict-Transport-Security: max-age=9\r\n"},
                 kDate) ==
        ":status=200|date=today|content-length=0|x-added=one|x-added=Two|"
        "strict-transport-security=max-age=9|");
  CHECK(response(of) ==
        ":status=200|date=today|strict-transport-security=max-age=1|"
        "content-length=0|");
}

TEST_CASE("response block: an interim response") {
  const Response of(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: close\r\n"
      "Content-Length: 5\r\n\r\n");
  Encoder encoder;
  std::string block;
  encode_interim(encoder, of.head, block);
  CHECK(fields_of(block) == ":status=103|link=</a.css>; rel=preload|");
  Encoder other;
  block.clear();
  encode_interim(other, Response("HTTP/1.1 100 Continue\r\n\r\n").head, block);
  CHECK(fields_of(block) == ":status=100|");
}

TEST_CASE("response block: a tunnel begins with 200") {
  RequestFacts request;
  request.upgrade = "websocket";
  const Response of(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
      request);
  REQUIRE(!of.verdict);
  Encoder encoder;
  std::string block;
  encode_tunnel(encoder, of.head, kDate, block);
  CHECK(fields_of(block) ==
        ":status=200|sec-websocket-protocol=chat|date=Mon, 01 Jan 2024 00:00:00 GMT|");
  block.clear();
  encode_tunnel(encoder, of.head, "", block);
  CHECK(fields_of(block) == ":status=200|sec-websocket-protocol=chat|");
}

TEST_CASE("response block: an answer of Pound's own") {
  Encoder encoder;
  std::string block;
  encode_answer(encoder, {.status = 404, .page = "12345"}, "", "", block);
  CHECK(fields_of(block) == ":status=404|content-type=text/html; charset=utf-8|content-length=5|");
  block.clear();
  encode_answer(encoder,
                {.status = 301, .content_type = "text/plain", .field = {"Location", "https://b/"}},
                "Strict-Transport-Security: max-age=9\r\n", kDate, block);
  CHECK(fields_of(block) ==
        ":status=301|content-type=text/plain|content-length=0|location=https://b/|"
        "date=Mon, 01 Jan 2024 00:00:00 GMT|strict-transport-security=max-age=9|");
}

TEST_CASE("response block: an answer without content says nothing of a length") {
  Encoder encoder;
  std::string block;
  encode_answer(encoder, {.status = 204, .content_type = ""}, "", "", block);
  CHECK(fields_of(block) == ":status=204|");
  block.clear();
  encode_answer(encoder, {.status = 200, .content_type = ""}, "", "", block);
  CHECK(fields_of(block) == ":status=200|content-length=0|");
}

TEST_CASE("response block: a trailer") {
  Encoder encoder;
  std::string block;
  encode_trailer(encoder, "X-Sum: 5\r\nEmpty: \r\n", block);
  CHECK(fields_of(block) == "x-sum=5|empty=|");
}
