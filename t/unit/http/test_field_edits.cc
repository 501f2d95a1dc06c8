// Tests of http/field_edits: which lines go, and that all others stay byte for byte.
#include "worker/http/field_edits.h"

#include <doctest/doctest.h>

using namespace worker::http;

namespace {

constexpr std::string_view kHead =
    "GET /a?b HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-ab: 2\r\nX-B: \r\nX-a: 3\r\n\r\n";

std::string edited(const RemovedFields& removed, std::string_view target = {},
                   std::string_view added = {}) {
  std::string out = "|";
  edit_request_head(kHead, removed, target, added, out);
  return out;
}

RemovedFields removed(std::string_view name, bool is_beginning = false) {
  RemovedFields made;
  made.add(name, is_beginning);
  return made;
}

std::string names(const HeaderList& fields) {
  std::string out;
  for (const Field& field : fields) out.append(field.name).append("=").append(field.value) += ' ';
  return out;
}

}  // namespace

TEST_CASE("field_edits: nothing to change") { CHECK(edited({}) == "|" + std::string(kHead)); }

TEST_CASE("field_edits: fields go by name, all of them, whatever their letter case") {
  CHECK(edited(removed("x-A")) == "|GET /a?b HTTP/1.1\r\nHost: h\r\nx-ab: 2\r\nX-B: \r\n\r\n");
  CHECK(edited(removed("X-B")) ==
        "|GET /a?b HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-ab: 2\r\nX-a: 3\r\n\r\n");
  CHECK(edited(removed("X-C")) == "|" + std::string(kHead));
  CHECK(edited(removed("X")) == "|" + std::string(kHead));
}

TEST_CASE("field_edits: fields go by the beginning of their names") {
  CHECK(edited(removed("X-A", true)) == "|GET /a?b HTTP/1.1\r\nHost: h\r\nX-B: \r\n\r\n");
  CHECK(edited(removed("x-", true)) == "|GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST_CASE("field_edits: another target, and lines at the end") {
  CHECK(edited(removed("x-", true), "/new", "X-N: 1\r\nX-M: 2\r\n") ==
        "|GET /new HTTP/1.1\r\nHost: h\r\nX-N: 1\r\nX-M: 2\r\n\r\n");
  CHECK(edited({}, {}, "X-N: 1\r\n").ends_with("X-a: 3\r\nX-N: 1\r\n\r\n"));
}

TEST_CASE("field_edits: the target of a head") {
  CHECK(target_of(kHead) == "/a?b");
  CHECK(target_of("OPTIONS * HTTP/1.1\r\n\r\n") == "*");
  CHECK(target_of("").empty());
}

TEST_CASE("field_edits: a list keeps the order of the others, and what it knows of them") {
  HeaderList fields;
  fields.clear();
  for (const std::string_view name : {"Date", "X-A", "Cookie", "x-a", "B"}) {
    fields.add({.name = name, .value = "v", .id = field_id(name)});
  }
  remove_fields(fields, removed("X-A"));
  CHECK(names(fields) == "Date=v Cookie=v B=v ");
  CHECK(fields.has(FieldId::date));
  remove_fields(fields, removed("date"));
  CHECK(names(fields) == "Cookie=v B=v ");
  CHECK_FALSE(fields.has(FieldId::date));
  CHECK(fields.has(FieldId::cookie));
}
