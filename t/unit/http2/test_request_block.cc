// Tests of http2/request_block: what a refused head still says. For verdicts see data/h2_requests.
#include "worker/http2/request_block.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "t/unit/http2/blocks.h"

using namespace worker::http2;
using worker::http::Limits;
using worker::http::RequestHead;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// The fields of a head, behind "not all: " if some are missing.
std::string fields_of(const Pairs& more, const Limits& limits = {}) {
  Pairs pairs{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "a"}};
  pairs.insert(pairs.end(), more.begin(), more.end());
  std::string block;
  for (const auto& [name, value] : pairs) block += http2_blocks::literal_apart(name, value);
  Decoder decoder;
  RequestBlock request{.is_ended = true, .is_tls = true};
  std::string text;
  RequestHead head;
  worker::http::Refusal refusal;
  decode_request(decoder, block, request, limits, text, head, refusal);
  std::string found = head.has_all_fields ? "" : "not all: ";
  for (const worker::http::Field& field : head.fields) {
    found.append(field.name).append("=").append(field.value).append(" ");
  }
  return found;
}

}  // namespace

TEST_CASE("request_block: a good head has all fields") {
  CHECK(fields_of({{"b", "1"}}) == "host=a b=1 ");
}

TEST_CASE("request_block: a refused head has the fields behind its fault") {
  CHECK(fields_of({{"b", "1"}, {"C", "2"}, {"d", "3"}}) == "host=a b=1 d=3 ");
  CHECK(fields_of({{":late", "1"}, {"d", "3"}}) == "host=a d=3 ");
  CHECK(fields_of({{"b", "1\r\nx: 2"}, {"c", "1\r\nx: 3"}, {"d", "3"}}) == "host=a d=3 ");
  CHECK(fields_of({{"te", "gzip"}, {":path", "/x"}, {"host", "b"}, {"cookie", "c"}, {"d", "3"}}) ==
        "host=a d=3 ");
  CHECK(fields_of({{"d", "3"}, {"content-length", "x"}}) == "host=a d=3 content-length=x ");
}

TEST_CASE("request_block: a head that is too long has not all fields") {
  const Limits few{.fields = 3};
  CHECK(fields_of({{"b", "1"}, {"c", "2"}, {"d", "3"}}, few) == "not all: host=a b=1 c=2 ");
  CHECK(fields_of({{"B", "1"}, {"c", "2"}, {"d", "3"}, {"e", "4"}}, few) ==
        "not all: host=a c=2 d=3 ");
  const Limits small{.head = 300};
  CHECK(fields_of({{"b", std::string(300, 'x')}, {"d", "3"}}, small) == "not all: host=a ");
  CHECK(fields_of({{"B", "1"}, {"c", std::string(300, 'x')}, {"d", "3"}}, small) ==
        "not all: host=a ");
}
