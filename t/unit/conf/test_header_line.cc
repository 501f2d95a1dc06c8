// Tests of conf/header_line: which lines may be added to a reply.
#include <doctest/doctest.h>

#include "conf/header_line.h"

namespace {

std::string parsed(std::string_view text) {
  std::string error;
  const auto line = conf::parse_header_line(text, error);
  return line ? *line : "!" + error;
}

}  // namespace

TEST_CASE("header_line: one space after the colon, none around the value") {
  CHECK(parsed("X-A: b") == "X-A: b");
  CHECK(parsed("X-A:b") == "X-A: b");
  CHECK(parsed("X-A: \t b c \t") == "X-A: b c");
  CHECK(parsed("X-A:") == "X-A: ");
  CHECK(parsed("X-A: b: c") == "X-A: b: c");
  CHECK(parsed("!#$%&'*+-.^_`|~09aZ: b") == "!#$%&'*+-.^_`|~09aZ: b");
  CHECK(parsed("X-A: \xc3\xa9") == "X-A: \xc3\xa9");
}

TEST_CASE("header_line: what is no header") {
  CHECK(parsed("") == "!there is no `:` in it");
  CHECK(parsed("X-A") == "!there is no `:` in it");
  CHECK(parsed(": b") == "!\"\" is not a valid header name");
  CHECK(parsed("X-A : b") == "!\"X-A \" is not a valid header name");
  CHECK(parsed("X(A): b") == "!\"X(A)\" is not a valid header name");
  CHECK(parsed("X-A\n: b") == "!\"X-A\\x0a\" is not a valid header name");
  CHECK(parsed("X-A: b\r\nX-B: c") == "!there is a control byte in it");
  CHECK(parsed(std::string_view("X-A: \0", 6)) == "!there is a control byte in it");
}

TEST_CASE("header_line: framing and connection are not the operator's") {
  for (const std::string name : {"Connection", "CONTENT-LENGTH", "Keep-Alive", "Proxy-Connection",
                                 "TE", "Trailer", "Trailers", "Transfer-Encoding", "upgrade"}) {
    CHECK(parsed(name + ": x") == "!`" + name + "` is set by Pound itself");
  }
  CHECK(parsed("Content-Language: x") == "Content-Language: x");
}
