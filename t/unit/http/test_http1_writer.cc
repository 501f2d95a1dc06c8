// Whole heads and answers as HTTP/1.1 text, compared byte by byte.
#include "worker/http/http1_writer.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/http/heads.h"

using namespace worker::http;

namespace {

const Forwarded kForwarded{"192.0.2.7", "http", "192.0.2.1:80", "80"};

std::string request(const std::string& raw) {
  const http_heads::Request parsed(raw);
  CAPTURE(info(parsed.verdict.reason).code);
  REQUIRE(!parsed.verdict);
  std::string out;
  write_request_head(parsed.head, parsed.facts, kForwarded, out);
  return out;
}

// The fields that Pound adds to every request for the host a.
const std::string kAdded =
    "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n"
    "X-Forwarded-Port: 80\r\n";

std::string get_with(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::string response(const std::string& raw, const ResponseRewrite& how) {
  const http_heads::Response parsed(raw);
  std::string out;
  write_response_head(parsed.head, how, out);
  return out;
}

std::string interim(const std::string& raw) {
  const http_heads::Response parsed(raw);
  std::string out;
  write_interim_head(parsed.head, out);
  return out;
}

ResponseRewrite with_body(Framing::Kind kind, std::uint64_t length = 0) {
  ResponseRewrite how;
  how.body = {kind, length};
  how.keep_alive = true;
  return how;
}

std::string written(const Answer& answer, const Http1Context& context) {
  std::string out;
  write_answer(answer, context, out);
  return out;
}

constexpr Answer kNotFound{.status = 404, .page = "12345"};
const std::string kNotFoundStart =
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5\r\n";

}  // namespace

TEST_CASE("http1_writer: a browser's request") {
  CHECK(request("GET /a?b=c HTTP/1.1\r\n"
                "Host: www.example.org\r\n"
                "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
                "Accept: */*\r\n"
                "Accept-Encoding: gzip, deflate, br\r\n"
                "Connection: keep-alive\r\n"
                "Cookie: a=b; c=d\r\n"
                "Upgrade-Insecure-Requests: 1\r\n"
                "\r\n") ==
        "GET /a?b=c HTTP/1.1\r\n"
        "Host: www.example.org\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
        "Accept: */*\r\n"
        "Accept-Encoding: gzip, deflate, br\r\n"
        "Cookie: a=b; c=d\r\n"
        "Upgrade-Insecure-Requests: 1\r\n"
        "X-Forwarded-For: 192.0.2.7\r\n"
        "X-Forwarded-Proto: http\r\n"
        "X-Forwarded-Host: www.example.org\r\n"
        "X-Forwarded-Port: 80\r\n"
        "\r\n");
}

TEST_CASE("http1_writer: HTTP/1.0 without Host becomes HTTP/1.1 with one") {
  CHECK(request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") ==
        "GET / HTTP/1.1\r\nHost: 192.0.2.1:80\r\nX-Forwarded-For: 192.0.2.7\r\n"
        "X-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\n\r\n");
}

TEST_CASE("http1_writer: an absolute target becomes origin-form, and its authority becomes Host") {
  CHECK(request("GET http://A:80/b HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n") ==
        "GET /b HTTP/1.1\r\nHost: A:80\r\nX: y\r\nX-Forwarded-For: 192.0.2.7\r\n"
        "X-Forwarded-Proto: http\r\nX-Forwarded-Host: A:80\r\nX-Forwarded-Port: 80\r\n\r\n");
  CHECK(request("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n") ==
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n" + kAdded + "\r\n");
}

TEST_CASE("http1_writer: fields have canonical form, and names keep their letter case") {
  CHECK(request(get_with("aCCept:x\r\nB: \t y z \t\r\nC:\r\n")) ==
        "GET / HTTP/1.1\r\nHost: a\r\naCCept: x\r\nB: y z\r\nC: \r\n" + kAdded + "\r\n");
}

TEST_CASE("http1_writer: the client's address takes the place of all X-Forwarded-For fields") {
  CHECK(request(get_with("X-Forwarded-For: 198.51.100.1, 198.51.100.2\r\nX: y\r\n"
                         "x-forwarded-for: 198.51.100.3\r\nX-FORWARDED-FOR:\r\n")) ==
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n"
        "X-Forwarded-For: 192.0.2.7\r\n"
        "X-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nX-Forwarded-Port: 80\r\n\r\n");
}

TEST_CASE("http1_writer: a client's own X-Forwarded-* and X-SSL-* fields are replaced") {
  CHECK(request(get_with("X-Forwarded-Proto: https\r\nX-forwarded-host: b\r\n"
                         "X-FORWARDED-PORT: 443\r\nX-SSL-Subject: CN=root\r\nx-ssl-x: y\r\n")) ==
        "GET / HTTP/1.1\r\nHost: a\r\n" + kAdded + "\r\n");
}

TEST_CASE("http1_writer: twins of the fields that Pound replaces are removed") {
  CHECK(request(get_with("X_Forwarded_For: 1\r\nX-Forwarded_For: 1\r\nx_forwarded-proto: 1\r\n"
                         "X_SSL_Subject: 1\r\nX-SSL_Subject: 1\r\nContent_Length: 1\r\n"
                         "Transfer_Encoding: chunked\r\nmy_field: 1\r\nUser_Agent: 1\r\n")) ==
        "GET / HTTP/1.1\r\nHost: a\r\nmy_field: 1\r\nUser_Agent: 1\r\n" + kAdded + "\r\n");
}

TEST_CASE("http1_writer: hop-by-hop fields of a request are removed") {
  CHECK(request(get_with("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
                         "Proxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: X\r\n"
                         "Upgrade: websocket\r\n")) ==
        "GET / HTTP/1.1\r\nHost: a\r\n" + kAdded + "\r\n");
}

TEST_CASE("http1_writer: fields named in Connection are removed, except protected ones") {
  CHECK(request(get_with("Connection: x-hop, Cookie, Authorization, X-Forwarded-For, Host\r\n"
                         "X-Hop: 1\r\nCookie: a=b\r\nAuthorization: Basic eA==\r\n"
                         "Connection: Y-Hop\r\ny-hop: 2\r\nZ: 3\r\n"
                         "X-Forwarded-For: 198.51.100.1\r\n")) ==
        "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nAuthorization: Basic eA==\r\nZ: 3\r\n"
        "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
        "X-Forwarded-Host: a\r\nX-Forwarded-Port: 80\r\n\r\n");
}

TEST_CASE("http1_writer: Pound frames the body of a request itself") {
  CHECK(request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n") ==
        "POST / HTTP/1.1\r\nHost: a\r\n" + kAdded + "Content-Length: 7\r\n\r\n");
  CHECK(request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n") ==
        "POST / HTTP/1.1\r\nHost: a\r\n" + kAdded + "Transfer-Encoding: chunked\r\n\r\n");
  CHECK(request("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") ==
        "GET / HTTP/1.1\r\nHost: a\r\n" + kAdded + "Content-Length: 0\r\n\r\n");
  for (const std::string method : {"POST", "PUT", "PATCH"}) {
    CHECK(request(method + " / HTTP/1.1\r\nHost: a\r\n\r\n") ==
          method + " / HTTP/1.1\r\nHost: a\r\n" + kAdded + "Content-Length: 0\r\n\r\n");
  }
  CHECK(request("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n") ==
        "DELETE / HTTP/1.1\r\nHost: a\r\n" + kAdded + "\r\n");
}

TEST_CASE("http1_writer: Expect is forwarded only for a request with a body") {
  CHECK(request("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n") ==
        "PUT / HTTP/1.1\r\nHost: a\r\n" + kAdded +
            "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  CHECK(request("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n") ==
        "GET / HTTP/1.1\r\nHost: a\r\n" + kAdded + "\r\n");
}

TEST_CASE("http1_writer: an upgrade is requested again") {
  CHECK(request(get_with("Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
                         "Sec-WebSocket-Key: x\r\n")) ==
        "GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: x\r\n" + kAdded +
            "Connection: upgrade\r\nUpgrade: WebSocket\r\n\r\n");
  CHECK(request(get_with("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                         "HTTP2-Settings: AAMAAABk\r\n")) ==
        "GET / HTTP/1.1\r\nHost: a\r\n" + kAdded + "\r\n");
}

TEST_CASE("http1_writer: a head is appended to the text before it") {
  const http_heads::Request parsed(get_with(""));
  std::string out = "before";
  write_request_head(parsed.head, parsed.facts, kForwarded, out);
  CHECK(out.starts_with("beforeGET / HTTP/1.1\r\n"));
}

TEST_CASE("http1_writer: an ordinary response") {
  ResponseRewrite how = with_body(Framing::Kind::length, 5);
  how.added.head_add = "X-Frame-Options: DENY\r\n";
  CHECK(
      response("HTTP/1.0 200 OK\r\nServer: s\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
               "Content-Length: 005\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
               how) ==
      "HTTP/1.1 200 OK\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 5\r\n"
      "X-Frame-Options: DENY\r\n\r\n");
}

TEST_CASE("http1_writer: the listener's HSTS replaces the backend's") {
  const std::string raw =
      "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=0\r\nA: b\r\n"
      "Strict-Transport-Security: includeSubDomains\r\n\r\n";
  ResponseRewrite how = with_body(Framing::Kind::length);
  how.added.head_add = "X: y\r\n";
  CHECK(response(raw, how) ==
        "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=0\r\nA: b\r\n"
        "Strict-Transport-Security: includeSubDomains\r\nContent-Length: 0\r\nX: y\r\n\r\n");
  how.added.hsts = "Strict-Transport-Security: max-age=300\r\n";
  CHECK(response(raw, how) ==
        "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\nX: y\r\n"
        "Strict-Transport-Security: max-age=300\r\n\r\n");
}

TEST_CASE("http1_writer: a response without a reason phrase keeps the space") {
  CHECK(response("HTTP/1.1 200\r\n\r\n", with_body(Framing::Kind::length)) ==
        "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("http1_writer: Connection depends on keep-alive and version") {
  const std::string raw = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n";
  const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n";
  ResponseRewrite how = with_body(Framing::Kind::length, 1);
  CHECK(response(raw, how) == start + "\r\n");
  how.client_is_http10 = true;
  CHECK(response(raw, how) == start + "Connection: keep-alive\r\n\r\n");
  how.keep_alive = false;
  CHECK(response(raw, how) == start + "Connection: close\r\n\r\n");
  how.client_is_http10 = false;
  CHECK(response(raw, how) == start + "Connection: close\r\n\r\n");
}

TEST_CASE("http1_writer: a body that ends with the connection closes it despite keep_alive") {
  CHECK(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n",
                 with_body(Framing::Kind::until_close)) ==
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST_CASE("http1_writer: Trailer goes out only with a chunked body") {
  const std::string raw = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(response(raw, with_body(Framing::Kind::chunked)) ==
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n");
  CHECK(response(raw, with_body(Framing::Kind::none)) == "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_CASE("http1_writer: hop-by-hop fields of a response are removed") {
  CHECK(response("HTTP/1.1 200 OK\r\nConnection: close, X-Hop, Set-Cookie\r\nX-Hop: 1\r\n"
                 "Set-Cookie: a\r\nProxy-Connection: close\r\nTE: x\r\nUpgrade: h2c\r\n\r\n",
                 with_body(Framing::Kind::length)) ==
        "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("http1_writer: the length of a body that is not sent") {
  const ResponseRewrite how = with_body(Framing::Kind::none);
  const auto with = [&how](const std::string& status, const std::string& fields) {
    return response("HTTP/1.1 " + status + " X\r\n" + fields + "\r\n", how);
  };
  CHECK(with("200", "Content-Length: 0500\r\n") == "HTTP/1.1 200 X\r\nContent-Length: 500\r\n\r\n");
  CHECK(with("304", "Content-Length: 500\r\n") == "HTTP/1.1 304 X\r\nContent-Length: 500\r\n\r\n");
  CHECK(with("200", "") == "HTTP/1.1 200 X\r\n\r\n");
  CHECK(with("204", "Content-Length: 500\r\n") == "HTTP/1.1 204 X\r\n\r\n");
  CHECK(with("200", "Content-Length: x\r\n") == "HTTP/1.1 200 X\r\n\r\n");
  CHECK(with("200", "Content-Length: 5\r\nContent-Length: 5\r\n") == "HTTP/1.1 200 X\r\n\r\n");
  CHECK(with("200", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") ==
        "HTTP/1.1 200 X\r\n\r\n");
}

TEST_CASE("http1_writer: 426 keeps Upgrade") {
  const std::string raw = "HTTP/1.1 426 X\r\nUpgrade: HTTP/3.0\r\nContent-Length: 0\r\n\r\n";
  ResponseRewrite how = with_body(Framing::Kind::length);
  CHECK(response(raw, how) ==
        "HTTP/1.1 426 X\r\nContent-Length: 0\r\nUpgrade: HTTP/3.0\r\nConnection: upgrade\r\n\r\n");
  how.keep_alive = false;
  CHECK(response(raw, how) ==
        "HTTP/1.1 426 X\r\nContent-Length: 0\r\nUpgrade: HTTP/3.0\r\n"
        "Connection: close, upgrade\r\n\r\n");
}

TEST_CASE("http1_writer: X-SSL-* fields come from Pound only") {
  const http_heads::Request parsed(get_with("X-SSL-Verify: SUCCESS\r\nx_ssl_cipher: forged\r\n"));
  Forwarded forwarded = kForwarded;
  forwarded.proto = "https";
  forwarded.tls_fields = "X-SSL-Cipher: TLS_AES_128_GCM_SHA256\r\n";
  std::string out;
  write_request_head(parsed.head, parsed.facts, forwarded, out);
  CHECK(out ==
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: a\r\nX-Forwarded-Port: 80\r\n"
        "X-SSL-Cipher: TLS_AES_128_GCM_SHA256\r\n\r\n");
}

TEST_CASE("http1_writer: interim responses have end-to-end fields and no framing") {
  CHECK(interim("HTTP/1.1 100 Continue\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(interim("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nContent-Length: 5\r\n"
                "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
}

TEST_CASE("http1_writer: 101 has Upgrade and no framing") {
  CHECK(interim("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: x\r\nContent-Length: 5\r\n\r\n") ==
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\nConnection: upgrade\r\n"
        "Upgrade: websocket\r\n\r\n");
}

TEST_CASE("http1_writer: Connection of an answer depends on keep-alive and version") {
  CHECK(written(kNotFound, {.keep_alive = true}) == kNotFoundStart + "\r\n12345");
  CHECK(written(kNotFound, {.keep_alive = true, .client_is_http10 = true}) ==
        kNotFoundStart + "Connection: keep-alive\r\n\r\n12345");
  CHECK(written(kNotFound, {}) == kNotFoundStart + "Connection: close\r\n\r\n12345");
  CHECK(written(kNotFound, {.client_is_http10 = true}) ==
        kNotFoundStart + "Connection: close\r\n\r\n12345");
}

TEST_CASE("http1_writer: the answer to HEAD has the length but no page") {
  CHECK(written(kNotFound, {.keep_alive = true, .to_head = true}) == kNotFoundStart + "\r\n");
}

TEST_CASE("http1_writer: an empty page has the length 0") {
  CHECK(written({.status = 599}, {.keep_alive = true}) ==
        "HTTP/1.1 599 Error\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Length: 0\r\n\r\n");
}

TEST_CASE("http1_writer: the answer's field precedes Connection, added lines follow it") {
  CHECK(written({.status = 405, .field = {"Allow", "GET, HEAD"}, .page = "x"},
                {.added = "Strict-Transport-Security: max-age=300\r\nA: b\r\n"}) ==
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Length: 1\r\nAllow: GET, HEAD\r\nConnection: close\r\n"
        "Strict-Transport-Security: max-age=300\r\nA: b\r\n\r\nx");
}

TEST_CASE("http1_writer: an answer may be plain text") {
  CHECK(written({.status = 400, .content_type = "text/plain", .page = "no\n"}, {}) ==
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
        "Connection: close\r\n\r\nno\n");
}

TEST_CASE("http1_writer: an answer is appended to the text before it") {
  std::string out = "before";
  write_answer(kNotFound, {.keep_alive = true}, out);
  CHECK(out == "before" + kNotFoundStart + "\r\n12345");
}

TEST_CASE("http1_writer: an answer brings lines of its own") {
  Answer answer = kNotFound;
  answer.added = "X-A: 1\r\n";
  std::string out;
  write_answer(answer, {.keep_alive = true, .added = "X-B: 2\r\n"}, out);
  CHECK(out == kNotFoundStart + "X-B: 2\r\nX-A: 1\r\n\r\n12345");
}

TEST_CASE("http1_writer: an answer without content says nothing of a length") {
  for (const int status : {204, 304}) {
    const Answer answer{.status = status, .content_type = ""};
    CHECK(
        written(answer, {.keep_alive = true}) ==
        (status == 204 ? "HTTP/1.1 204 No Content\r\n\r\n" : "HTTP/1.1 304 Not Modified\r\n\r\n"));
  }
  CHECK(written({.status = 200, .content_type = ""}, {.keep_alive = true}) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(written({.status = 299, .content_type = "text/plain", .page = "a"}, {.keep_alive = true}) ==
        "HTTP/1.1 299 \r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\na");
}

TEST_CASE("http1_writer: names and values may come from separate places") {
  const std::string packed = "name, value\r\nother: line\r\n";
  const std::string_view view = packed;
  ResponseHead head;
  head.status = 103;
  head.reason = "X";
  head.fields.clear();
  head.fields.add({.name = view.substr(0, 4), .value = view.substr(6, 5)});
  head.fields.add({.name = view.substr(13, 5), .value = view.substr(20, 4)});
  head.fields.add({.name = view.substr(20, 4), .value = view.substr(0, 4)});
  std::string out;
  write_interim_head(head, out);
  CHECK(out == "HTTP/1.1 103 X\r\nname: value\r\nother: line\r\nline: name\r\n\r\n");
}

TEST_CASE("http1_writer: neighbouring lines are copied without the ones removed between them") {
  CHECK(
      interim("HTTP/1.1 103 X\r\nA: 1\r\nB: 2\r\nTE: x\r\nC:3\r\nD: 4\r\nE: 5 \r\nF: 6\r\n\r\n") ==
      "HTTP/1.1 103 X\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\n\r\n");
}

TEST_CASE("http1_writer: Date is added where it is missing, once") {
  ResponseRewrite how = with_body(Framing::Kind::length);
  how.added.head_add = "X: y\r\n";
  how.date = "now";
  CHECK(response("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", how) ==
        "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\nDate: now\r\nX: y\r\n\r\n");
  CHECK(response("HTTP/1.1 200 OK\r\ndate: then\r\n\r\n", how) ==
        "HTTP/1.1 200 OK\r\ndate: then\r\nContent-Length: 0\r\nX: y\r\n\r\n");
  CHECK(written(kNotFound, {.keep_alive = true, .date = "now"}) ==
        kNotFoundStart + "Date: now\r\n\r\n12345");
}
