// Pound's own answers as HTTP/1.1 text, compared byte by byte.
#include "worker/http/http1_writer.h"

#include <doctest/doctest.h>

#include <string>

using namespace worker::http;

namespace {

std::string written(const Answer& answer, const Http1Context& context) {
  std::string out;
  write_answer(answer, context, out);
  return out;
}

constexpr Answer kNotFound{.status = 404, .page = "12345"};
const std::string kNotFoundStart =
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5\r\n";

}  // namespace

TEST_CASE("http1_writer: the connection, by version") {
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

TEST_CASE("http1_writer: an answer that is no HTML") {
  CHECK(written({.status = 400, .content_type = "text/plain", .page = "no\n"}, {}) ==
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
        "Connection: close\r\n\r\nno\n");
}

TEST_CASE("http1_writer: an answer is appended to what is there") {
  std::string out = "before";
  write_answer(kNotFound, {.keep_alive = true}, out);
  CHECK(out == "before" + kNotFoundStart + "\r\n12345");
}
