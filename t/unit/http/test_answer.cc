// The built-in page.
#include "worker/http/answer.h"

#include <doctest/doctest.h>

using namespace worker::http;

TEST_CASE("answer: the page has its title as title and heading") {
  CHECK(answer_page("503 Service Unavailable") ==
        "<!DOCTYPE html>\n"
        "<html lang=\"en\">\n"
        "<head><meta charset=\"utf-8\"><title>503 Service Unavailable</title></head>\n"
        "<body><h1>503 Service Unavailable</h1></body>\n"
        "</html>\n");
}

TEST_CASE("answer: HTML of the caller follows the heading") {
  CHECK(
      answer_page("A", "<p>b</p>") ==
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>A</title></head>\n"
      "<body><h1>A</h1><p>b</p></body>\n</html>\n");
}

TEST_CASE("answer: HTML in UTF-8, without a field of its own, unless the caller says otherwise") {
  const Answer answer;
  CHECK(answer.content_type == "text/html; charset=utf-8");
  CHECK(answer.field.name.empty());
}
