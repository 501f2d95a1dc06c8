#include "worker/http/date.h"

#include <doctest/doctest.h>

TEST_CASE("date: the form of RFC 9110 5.6.7") {
  worker::http::Date date;
  CHECK(date.text(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(date.text(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(date.text(784111778) == "Sun, 06 Nov 1994 08:49:38 GMT");
  CHECK(date.text(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(date.text(951782399) == "Mon, 28 Feb 2000 23:59:59 GMT");
  CHECK(date.text(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(date.text(4102444799) == "Thu, 31 Dec 2099 23:59:59 GMT");
}

TEST_CASE("date: the first text may be that of second 0") {
  worker::http::Date date;
  CHECK(date.text(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
}
