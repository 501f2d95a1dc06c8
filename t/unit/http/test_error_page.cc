// Which page and which field answer a status.
#include "worker/http/error_page.h"

#include <doctest/doctest.h>

#include <string>

#include "worker/http/sanitizer.h"

using namespace worker::http;

namespace {

PageText text(std::string of) { return std::make_shared<const std::string>(std::move(of)); }

}  // namespace

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
  pages.global().set(404, text("none"));
  pages.global().set(500, text("ours"));
  pages.global().set(503, text("busy"));
  CHECK(pages.body(404) == "none");
  CHECK(pages.body(499) == answer_page("Error"));
  CHECK(pages.body(500) == "ours");
  CHECK(pages.body(502) == "ours");
  CHECK(pages.body(503) == "busy");
  CHECK(pages.body(599) == "ours");
  CHECK(pages.body(400) == answer_page("400 Bad Request"));
  CHECK(pages.body(600) == answer_page("Error"));
  pages.global().set(404, text("still none"));
  CHECK(pages.body(404) == "still none");
}

TEST_CASE("error_page: the first level that has a page decides, also with its page for 500") {
  ErrorPages pages;
  OwnPages listener;
  OwnPages service;
  const PageLevels both{.service = &service, .listener = &listener};
  pages.global().set(404, text("global 404"));
  pages.global().set(503, text("global 503"));
  CHECK(pages.body(503, both) == "global 503");
  listener.set(500, text("listener 5xx"));
  CHECK(pages.body(503, both) == "listener 5xx");
  CHECK(pages.body(503, {.service = &service}) == "global 503");
  service.set(500, text("service 5xx"));
  listener.set(502, text("listener 502"));
  CHECK(pages.body(502, both) == "service 5xx");
  service.set(404, text("service {request_id}"));
  CHECK(pages.answer(404, "", both).page == "service {request_id}");
  CHECK(pages.body_with_id(404, "id", both) == "service id");
  CHECK(pages.body(404, {.listener = &listener}) == "global 404");
  CHECK(pages.body(400, both) == answer_page("400 Bad Request"));
}

TEST_CASE("error_page: an answer refers to the stored page and does not copy it") {
  ErrorPages pages;
  pages.global().set(404, text(std::string(100'000, 'x')));
  CHECK(pages.answer(404, "GET, PURGE").page.data() == pages.body(404).data());
}

TEST_CASE("error_page: only 405 has Allow") {
  ErrorPages pages;
  pages.global().set(405, text(""));
  CHECK(pages.answer(405, "GET, PURGE").field.name == "Allow");
  CHECK(pages.answer(405, "GET, PURGE").field.value == "GET, PURGE");
  CHECK(pages.answer(405, "GET, PURGE").page.empty());
  CHECK(pages.answer(404, "GET, PURGE").field.name.empty());
  CHECK(pages.answer(501, "GET, PURGE").field.name.empty());
}

TEST_CASE("error_page: a copy has pages of its own") {
  ErrorPages pages;
  pages.global().set(404, text("first"));
  const ErrorPages copy = pages;
  pages.global().set(404, text("second"));
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
  pages.global().set(404, text("none"));
  pages.global().set(500, text("{request_id}, I say {request_id}!"));
  CHECK(pages.body_with_id(404, "id").empty());
  CHECK(pages.body_with_id(502, "id") == "id, I say id!");
  CHECK(pages.body_with_id(500, "") == "-, I say -!");
  CHECK(pages.body_with_id(500, "{request_id}") == "{request_id}, I say {request_id}!");
}
