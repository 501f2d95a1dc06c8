// The end of a head and single field lines. For the faults see data/requests/fields.md.
#include "worker/http/fields.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace worker::http;

namespace {

struct Line {
  Fault fault;
  std::size_t at;
  Field field;
};

// `bytes` must be a literal: the returned field is a view of them.
Line parse(std::string_view bytes, SpaceBeforeColon space) {
  const char* p = bytes.data();
  Line line{};
  line.fault = parse_field_line(p, p + bytes.size(), space, line.field);
  line.at = static_cast<std::size_t>(p - bytes.data());
  return line;
}

}  // namespace

TEST_CASE("fields: the search finds the end of a head from any point where it continues") {
  const std::string bytes = "GET\r\nA: b\r\n\r\nrest\r\n\r\n";
  for (std::size_t from = 0; from <= 12; ++from) {
    const HeadScan scan = find_head_end(bytes, 0, from);
    CHECK(scan.state == HeadScan::State::found);
    CHECK(scan.at == 13);
  }
  CHECK(find_head_end(bytes.substr(0, 12), 0, 0).state == HeadScan::State::incomplete);
  CHECK(find_head_end("", 0, 0).state == HeadScan::State::incomplete);
}

TEST_CASE("fields: the search reports an LF without CR before the end of the head") {
  const HeadScan scan = find_head_end("GET\r\nA: b\n\r\n\r\n", 0, 0);
  CHECK(scan.state == HeadScan::State::bare_lf);
  CHECK(scan.at == 9);
  CHECK(find_head_end("\n", 0, 0).state == HeadScan::State::bare_lf);
}

TEST_CASE("fields: bytes before the head do not count as its lines") {
  const std::string bytes = "\r\nA\r\n\r\n";
  const HeadScan scan = find_head_end(bytes, 2, 2);
  CHECK(scan.state == HeadScan::State::found);
  CHECK(scan.at == bytes.size());
}

TEST_CASE("fields: a line is split at its colon") {
  const Line line = parse("hOST: \t a:80 \t\r\n", SpaceBeforeColon::fault);
  CHECK(line.fault == Fault::none);
  CHECK(line.field.name == "hOST");
  CHECK(line.field.value == "a:80");
  CHECK(line.field.id == FieldId::host);
  CHECK(line.at == 16);
}

TEST_CASE("fields: a value of white space is empty") {
  const Line line = parse("A: \t \r\n", SpaceBeforeColon::fault);
  CHECK(line.fault == Fault::none);
  CHECK(line.field.value == "");
}

TEST_CASE("fields: white space before the colon is a fault, or removed") {
  CHECK(parse("A : b\r\n", SpaceBeforeColon::fault).fault == Fault::space_before_colon);
  const Line line = parse("Content-Length \t: 5\r\n", SpaceBeforeColon::removed);
  CHECK(line.fault == Fault::none);
  CHECK(line.field.name == "Content-Length");
  CHECK(line.field.value == "5");
  CHECK(line.field.id == FieldId::content_length);
  CHECK(parse("A b: c\r\n", SpaceBeforeColon::removed).fault == Fault::name_invalid);
  CHECK(parse("A \r\n", SpaceBeforeColon::removed).fault == Fault::name_invalid);
}

TEST_CASE("fields: an empty name is a fault at the colon") {
  const Line line = parse(": b\r\n", SpaceBeforeColon::fault);
  CHECK(line.fault == Fault::name_empty);
  CHECK(line.at == 0);
}

TEST_CASE("fields: 100 fields fit, and the next is a fault") {
  std::string bytes;
  for (std::size_t i = 0; i < kMaxFields; ++i) bytes += "A: b\r\n";
  for (const Fault expected : {Fault::none, Fault::too_many}) {
    HeaderList list;
    const char* p = bytes.data();
    CHECK(parse_field_lines(p, p + bytes.size(), SpaceBeforeColon::fault, list) == expected);
    CHECK(list.size() == 100);
    CHECK(p == bytes.data() + 600);
    bytes += "A: b\r\n";
  }
}

TEST_CASE("fields: bytes before the start of a head do not end its lines") {
  HeadScan scan = find_head_end("\r\n", 1, 1);  // the CR stands before the head
  CHECK(scan.state == HeadScan::State::bare_lf);
  CHECK(scan.at == 1);
  CHECK(find_head_end("A\r\n\r\n", 3, 3).state == HeadScan::State::incomplete);
  CHECK(find_head_end("A\r\n\r\n", 2, 3).state == HeadScan::State::incomplete);
  scan = find_head_end("A\r\n\r\n", 1, 1);
  CHECK(scan.state == HeadScan::State::found);
  CHECK(scan.at == 5);
}
