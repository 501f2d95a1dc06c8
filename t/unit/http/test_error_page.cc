// Which page and which field answer a status.
#include "worker/http/error_page.h"

#include <doctest/doctest.h>

#include <string>

#include "worker/http/sanitizer.h"

using namespace worker::http;

TEST_CASE("error_page: the built-in page names the status") {
  const ErrorPages pages;
  const Answer answer = pages.answer(503, "GET, PURGE");
  CHECK(answer.status == 503);
  CHECK(answer.content_type == "text/html; charset=utf-8");
  CHECK(answer.field.name.empty());
  CHECK(answer.page == answer_page("503 Service Unavailable"));
}

TEST_CASE("error_page: an unknown status has a page too") {
  const ErrorPages pages;
  CHECK(pages.answer(599, "GET, PURGE").status == 599);
  CHECK(pages.answer(599, "GET, PURGE").page == answer_page("Error"));
}

TEST_CASE("error_page: an operator's page has priority, and the one for 500 serves other 5xx") {
  ErrorPages pages;
  pages.set(404, "none");
  pages.set(500, "ours");
  pages.set(503, "busy");
  CHECK(pages.body(404) == "none");
  CHECK(pages.body(499) == answer_page("Error"));
  CHECK(pages.body(500) == "ours");
  CHECK(pages.body(502) == "ours");
  CHECK(pages.body(503) == "busy");
  CHECK(pages.body(599) == "ours");
  CHECK(pages.body(400) == answer_page("400 Bad Request"));
  CHECK(pages.body(600) == answer_page("Error"));
  pages.set(404, "still none");
  CHECK(pages.body(404) == "still none");
}

TEST_CASE("error_page: an answer refers to the stored page and does not copy it") {
  ErrorPages pages;
  pages.set(404, std::string(100'000, 'x'));
  CHECK(pages.answer(404, "GET, PURGE").page.data() == pages.body(404).data());
}

TEST_CASE("error_page: only 405 has Allow") {
  ErrorPages pages;
  pages.set(405, "");
  CHECK(pages.answer(405, "GET, PURGE").field.name == "Allow");
  CHECK(pages.answer(405, "GET, PURGE").field.value == "GET, PURGE");
  CHECK(pages.answer(405, "GET, PURGE").page.empty());
  CHECK(pages.answer(404, "GET, PURGE").field.name.empty());
  CHECK(pages.answer(501, "GET, PURGE").field.name.empty());
}

TEST_CASE("error_page: a copy has pages of its own") {
  ErrorPages pages;
  pages.set(404, "first");
  const ErrorPages copy = pages;
  pages.set(404, "second");
  CHECK(copy.body(404) == "first");
}

TEST_CASE("error_page: the id of a request is below the heading of a built-in page") {
  const ErrorPages pages;
  CHECK(pages.body_with_id(404, "a<b&c") ==
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>404 Not "
        "Found</title></head>\n<body><h1>404 Not Found</h1><p>Request ID: a&lt;b&amp;c</p></body>\n"
        "</html>\n");
  CHECK(pages.body_with_id(404, "").empty());
}

TEST_CASE("error_page: a page of the operator has the id where it asks for it") {
  ErrorPages pages;
  pages.set(404, "none");
  pages.set(500, "{request_id}, I say {request_id}!");
  CHECK(pages.body_with_id(404, "id").empty());
  CHECK(pages.body_with_id(502, "id") == "id, I say id!");
  CHECK(pages.body_with_id(500, "") == "-, I say -!");
  CHECK(pages.body_with_id(500, "{request_id}") == "{request_id}, I say {request_id}!");
}
