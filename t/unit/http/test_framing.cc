// Lengths, and the order of fields. For single verdicts see data/*/framing.md.
#include "worker/http/framing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "t/unit/http/heads.h"

using namespace worker::http;

TEST_CASE("framing: a length has digits only, up to 2^63 - 1") {
  std::uint64_t length = 0;
  CHECK(parse_content_length("0", length));
  CHECK(length == 0);
  CHECK(parse_content_length("42", length));
  CHECK(length == 42);
  CHECK(parse_content_length("9223372036854775807", length));
  CHECK(length == 9223372036854775807u);
  CHECK(parse_content_length("000000000000000000000000000000000042", length));
  CHECK(length == 42);
  for (const char* value :
       {"", " ", "9223372036854775808", "9223372036854775810", "18446744073709551616",
        "99999999999999999999", "+1", "-1", "1 ", " 1", "0x1", "1a", "1,1", "1.0", "\xb2"}) {
    CAPTURE(value);
    CHECK(!parse_content_length(value, length));
  }
}

TEST_CASE("framing: the verdict does not depend on the order of the fields") {
  const std::vector<std::vector<std::string>> sets{
      {"Content-Length: 5", "Content-Length: 5", "Transfer-Encoding: chunked"},
      {"Content-Length: 5", "Transfer-Encoding: gzip", "X: y"},
      {"Transfer-Encoding: gzip", "Transfer-Encoding: chunked", "X: y"},
      {"Content-Length: 5", "Content-Length: 6", "X: y"},
      {"Content-Length: x", "Content-Length: 6", "Connection: close"},
  };
  for (const char* version : {"1.0", "1.1"}) {
    for (std::vector<std::string> fields : sets) {
      std::sort(fields.begin(), fields.end());
      std::vector<Reason> reasons;
      do {
        std::string bytes = std::string("POST / HTTP/") + version + "\r\nHost: a\r\n";
        for (const std::string& field : fields) bytes += field + "\r\n";
        const http_heads::Request request(bytes + "\r\n");
        reasons.push_back(request.verdict.reason);
      } while (std::next_permutation(fields.begin(), fields.end()));
      CHECK(reasons.front() != Reason::none);
      CHECK(std::count(reasons.begin(), reasons.end(), reasons.front()) ==
            static_cast<std::ptrdiff_t>(reasons.size()));
    }
  }
}

TEST_CASE("framing: every framing of a response with every kind of method and status") {
  const std::string head = "HTTP/1.1 ";
  for (const char* framing : {"", "Content-Length: 7\r\n", "Transfer-Encoding: chunked\r\n",
                              "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n"}) {
    for (const char* status : {"100", "102", "103", "204", "304"}) {
      const http_heads::Response response(head + status + " X\r\n" + framing + "\r\n");
      CHECK(!response.verdict);
      CHECK(response.facts.body.kind == Framing::Kind::none);
    }
    RequestFacts to_head;
    to_head.is_head = true;
    for (const char* status : {"200", "404", "500"}) {
      const http_heads::Response response(head + status + " X\r\n" + framing + "\r\n", to_head);
      CHECK(!response.verdict);
      CHECK(response.facts.body.kind == Framing::Kind::none);
    }
  }
}

TEST_CASE("framing: content of HTTP/2 needs no field") {
  RequestHead head;
  head.version = Version::http2;
  Framing framing;
  CHECK(!request_framing(head, framing));
  CHECK(framing.kind == Framing::Kind::none);
  head.has_content = true;
  CHECK(!request_framing(head, framing));
  CHECK(framing.kind == Framing::Kind::chunked);
}

TEST_CASE("framing: a length of HTTP/2 without content is refused, unless it is 0") {
  const std::string bytes = "x content-length: 10";
  RequestHead head;
  head.version = Version::http2;
  head.bytes = bytes;
  const auto with_length = [&](std::size_t at, std::size_t size) {
    head.fields.clear();
    head.fields.add({std::string_view(bytes).substr(2, 14),
                     std::string_view(bytes).substr(at, size), FieldId::content_length, true});
    Framing framing;
    const Refusal refusal = request_framing(head, framing);
    CHECK(framing.kind == Framing::Kind::length);
    return refusal;
  };
  CHECK(with_length(18, 1).reason == Reason::h2_content_length);
  CHECK(with_length(18, 1).offset == 2);
  CHECK(!with_length(19, 1));  // 0
  head.has_content = true;
  CHECK(!with_length(18, 1));
  head.has_content = false;
  head.version = Version::http11;
  CHECK(!with_length(18, 1));
}
