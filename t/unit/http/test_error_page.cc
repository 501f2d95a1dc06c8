// Our own responses, byte by byte.
#include "worker/http/error_page.h"

#include <doctest/doctest.h>

#include <string>

#include "worker/http/sanitizer.h"
#include "worker/http/verdict.h"

using namespace worker::http;

namespace {

std::string written(const ErrorPages& pages, int status, bool keep_alive = false,
                    bool http10 = false, bool to_head = false) {
  std::string out;
  pages.write(status, {.keep_alive = keep_alive, .client_is_http10 = http10, .to_head = to_head},
              out);
  return out;
}

}  // namespace

TEST_CASE("error_page: reason phrases") {
  CHECK(reason_phrase(100) == "Continue");
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(404) == "Not Found");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(511) == "Network Authentication Required");
  CHECK(reason_phrase(0) == "Error");
  CHECK(reason_phrase(299) == "Error");
  CHECK(reason_phrase(599) == "Error");
  CHECK(reason_phrase(999) == "Error");
}

TEST_CASE("error_page: every status of a reason has a phrase") {
  for (std::size_t i = 1; i < kReasons; ++i) {
    CHECK(reason_phrase(info(static_cast<Reason>(i)).status) != "Error");
  }
}

TEST_CASE("error_page: the built-in page") {
  const ErrorPages pages;
  CHECK(written(pages, 503) ==
        "HTTP/1.1 503 Service Unavailable\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        "Content-Length: 161\r\n"
        "Connection: close\r\n"
        "\r\n"
        "<!DOCTYPE html>\n"
        "<html lang=\"en\">\n"
        "<head><meta charset=\"utf-8\"><title>503 Service Unavailable</title></head>\n"
        "<body><h1>503 Service Unavailable</h1></body>\n"
        "</html>\n");
}

TEST_CASE("error_page: an unknown status has a page too") {
  const ErrorPages pages;
  CHECK(pages.body(599).find("<h1>Error</h1>") != std::string_view::npos);
  CHECK(written(pages, 599).starts_with("HTTP/1.1 599 Error\r\n"));
}

TEST_CASE("error_page: the operator's pages win, and 500's serves every 5xx without its own") {
  ErrorPages pages;
  pages.set(404, "none");
  pages.set(500, "ours");
  pages.set(503, "busy");
  CHECK(pages.body(404) == "none");
  CHECK(pages.body(500) == "ours");
  CHECK(pages.body(502) == "ours");
  CHECK(pages.body(503) == "busy");
  CHECK(pages.body(599) == "ours");
  CHECK(pages.body(400).find("<h1>400 Bad Request</h1>") != std::string_view::npos);
  CHECK(pages.body(600).find("<h1>Error</h1>") != std::string_view::npos);
  pages.set(404, "still none");
  CHECK(pages.body(404) == "still none");
}

TEST_CASE("error_page: the connection, by version") {
  ErrorPages pages;
  pages.set(404, "x");
  const std::string start =
      "HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 1\r\n";
  CHECK(written(pages, 404, true, false) == start + "\r\nx");
  CHECK(written(pages, 404, true, true) == start + "Connection: keep-alive\r\n\r\nx");
  CHECK(written(pages, 404, false, true) == start + "Connection: close\r\n\r\nx");
}

TEST_CASE("error_page: HEAD gets the length but no page") {
  ErrorPages pages;
  pages.set(404, "12345");
  CHECK(written(pages, 404, true, false, true) ==
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Length: 5\r\n\r\n");
}

TEST_CASE("error_page: 405 says what is allowed") {
  ErrorPages pages;
  pages.set(405, "");
  CHECK(written(pages, 405, true) ==
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Length: 0\r\nAllow: " +
            std::string(kAllowedMethods) + "\r\n\r\n");
}

TEST_CASE("error_page: fields that are added stand behind ours, once") {
  std::string out;
  ErrorPages pages;
  pages.set(421, "x");
  pages.write(421, {.added = "Strict-Transport-Security: max-age=300\r\n"}, out);
  CHECK(out ==
        "HTTP/1.1 421 Misdirected Request\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Length: 1\r\nConnection: close\r\n"
        "Strict-Transport-Security: max-age=300\r\n\r\nx");
}

TEST_CASE("error_page: what is written is appended") {
  std::string out = "before";
  ErrorPages pages;
  pages.set(404, "x");
  pages.write(404, {.keep_alive = true}, out);
  CHECK(out.starts_with("beforeHTTP/1.1 404"));
}

TEST_CASE("error_page: a copy has pages of its own") {
  ErrorPages pages;
  pages.set(404, "first");
  const ErrorPages copy = pages;
  pages.set(404, "second");
  CHECK(copy.body(404) == "first");
}
