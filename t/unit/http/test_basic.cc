// Tests of http/basic: each form of credentials, the bounds, and the challenge.
#include "worker/http/basic.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/http/heads.h"

using namespace worker::http;

namespace {

using State = BasicCredentials::State;

std::string base64(const std::string& text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned long bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k > text.size() ? '=' : kAlphabet[bits >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

// What the fields of a request say: "user|password", "missing" or "bad".
std::string read(const std::string& fields) {
  const http_heads::Request request("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
  std::string scratch = "left over";
  const BasicCredentials found = basic_credentials(request.head.fields, scratch);
  if (found.state == State::missing) return "missing";
  if (found.state == State::bad) return "bad";
  return std::string(found.user) + "|" + std::string(found.password);
}

std::string read_text(const std::string& text) {
  return read("Authorization: Basic " + base64(text) + "\r\n");
}

}  // namespace

TEST_CASE("basic: credentials are a user, a colon and a password") {
  CHECK(read("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") == "Aladdin|open sesame");
  CHECK(read("authorization:bAsIc   QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") == "Aladdin|open sesame");
  CHECK(read_text("test:123\xc2\xa3") == "test|123\xc2\xa3");  // RFC 7617 2.1
  CHECK(read_text("a:b:c") == "a|b:c");
  CHECK(read_text(":") == "|");
  CHECK(read_text("a:") == "a|");
}

TEST_CASE("basic: no credentials, or those of another scheme") {
  CHECK(read("") == "missing");
  CHECK(read("Authorization: Bearer abc\r\n") == "missing");
  CHECK(read("Authorization: Basicx YTpi\r\n") == "missing");
  CHECK(read("Authorization:\r\n") == "missing");
  CHECK(read("Proxy-Authorization: Basic YTpi\r\n") == "missing");
}

TEST_CASE("basic: what is no base64 of a user and a password") {
  for (const std::string value : {"Basic", "Basic ", "Basic YTp", "Basic YTpi YTpi", "Basic YTp=",
                                  "Basic YTo===", "Basic YTpi\t=", "Basic _-==", "Basic YWI="}) {
    CAPTURE(value);
    CHECK(read("Authorization: " + value + "\r\n") == "bad");
  }
  CHECK(read("Authorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\n") == "bad");
  CHECK(read("Authorization: Basic YTpi\r\nAuthorization: Bearer a\r\n") == "bad");
  CHECK(read("Authorization: Basic YTpj\r\n") == "a|c");
  CHECK(read("Authorization: Basic YTp=\r\n") == "bad");  // bits that must be 0 are not
}

TEST_CASE("basic: control bytes are refused in both parts") {
  for (const char byte : {'\0', '\n', '\x1f', '\x7f'}) {
    CHECK(read_text(std::string("a") + byte + ":b") == "bad");
    CHECK(read_text(std::string("a:b") + byte) == "bad");
  }
  CHECK(read_text("a:\x80 ~") == "a|\x80 ~");
}

TEST_CASE("basic: 255 bytes of a user and 511 of a password") {
  const std::string user(kMaxUser, 'u');
  const std::string password(kMaxPassword, 'p');
  CHECK(read_text(user + ":" + password) == user + "|" + password);
  CHECK(read_text(user + "u:" + password) == "bad");
  CHECK(read_text(user + ":" + password + "p") == "bad");
  CHECK(read_text("u:" + password + "p") == "bad");
  CHECK(read_text(user + "u:p") == "bad");
  CHECK(read_text(std::string(20'000, 'u')) == "bad");
}

TEST_CASE("basic: the challenge quotes the realm") {
  CHECK(basic_challenge("Staff only") == "Basic realm=\"Staff only\", charset=\"UTF-8\"");
  CHECK(basic_challenge("a\"b\\c") == "Basic realm=\"a\\\"b\\\\c\", charset=\"UTF-8\"");
}
