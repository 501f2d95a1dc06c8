// The value of `priority`: RFC 9218 section 4, RFC 8941 section 3.2.
#include "worker/http2/priority_field.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace worker::http2;

namespace {

std::string parsed(std::string_view value) {
  int urgency = -1;
  bool incremental = true;
  const bool is_good = parse_priority_field(value, urgency, incremental);
  return std::to_string(urgency) + (incremental ? " i" : "") + (is_good ? "" : " malformed");
}

}  // namespace

TEST_CASE("priority field: urgency and incremental") {
  for (const auto& row : {
           std::pair{"", "3"},
           {"  ", "3"},
           {"u=0", "0"},
           {"u=7", "7"},
           {"i", "3 i"},
           {"i=?1", "3 i"},
           {"i=?0", "3"},
           {"u=2, i", "2 i"},
           {"u=2,i", "2 i"},
           {"i \t,\t u=5  ", "5 i"},
           {"u=-0", "0"},
           {"u=007", "7"},
           {"u=2, u=4", "4"},
           {"i, i=?0", "3"},
           {"u=2;a=1;b;c=\"x\", i;q=0.5", "2 i"},
       }) {
    CAPTURE(row.first);
    CHECK(parsed(row.first) == row.second);
  }
}

TEST_CASE("priority field: values of another kind or range count as absent") {
  for (const auto& row : {
           std::pair{"u=8, i", "3 i"},
           {"u=-1", "3"},
           {"u=10", "3"},
           {"u=999999999999999", "3"},
           {"u=2.0", "3"},
           {"u=\"2\"", "3"},
           {"u=two", "3"},
           {"u", "3"},
           {"u=?1", "3"},
           {"u=(2)", "3"},
           {"i=1", "3"},
           {"i=yes", "3"},
           {"i=(?1)", "3"},
           {"u=1, u=8", "3"},
           {"i, i=1", "3"},
       }) {
    CAPTURE(row.first);
    CHECK(parsed(row.first) == row.second);
  }
}

TEST_CASE("priority field: other members are skipped") {
  for (const char* value : {
           "u=1, i, x",
           "x=-12.345, u=1, i",
           "x=\"a, \\\" \\\\ u=5\", u=1, i",
           "x=:aGk+/w==:, u=1, i",
           "x=::, u=1, i",
           "x=*t/o:k%en, u=1, i",
           "x=(), u=1, i",
           "x=( 1 \"a\"  b;c=2 ?0 );d, u=1, i",
           "*x_-.*9=1, u=1, i",
           "u=1;u=5, i;i=?0, ux=5, iu=?0",
       }) {
    CAPTURE(value);
    CHECK(parsed(value) == "1 i");
  }
}

TEST_CASE("priority field: a malformed value as a whole counts as absent") {
  for (const char* value : {
           "u=1,",
           "u=1, ",
           ",u=1",
           "u=1,,i",
           "u=",
           "u=1 i",
           "u =1",
           "u= 1",
           "U=1",
           "=1",
           "1",
           "u=1;",
           "u=1;=2",
           "u=1;a=",
           "i=?",
           "i=?2",
           "i=?11",
           "u=1-",
           "u=-",
           "u=--1",
           "u=1.",
           "u=1.2345",
           "u=1234567890123456",
           "u=1234567890123.4",
           "x=\"a",
           "x=\"a\\b\"",
           "x=\"a\x7f\"",
           "x=\"\x1f\"",
           "x=:a",
           "x=:a!:",
           "x=(1",
           "x=(1\t2)",
           "x=(1\"a\")",
           "x=(,)",
           "x=)",
           "x=!",
           "u=1, \xe9",
           "u=1\x01",
           "x=\"\xe9\"",
       }) {
    CAPTURE(value);
    CHECK(parsed(value) == "3 malformed");
  }
}
