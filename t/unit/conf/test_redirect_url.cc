// Tests of conf/redirect_url: where clients can be sent to, and what must never get into a header.
#include <doctest/doctest.h>

#include "conf/redirect_url.h"

namespace {

// Its parts with bars between them; "refused" when there are none.
std::string parts(std::string_view text) {
  std::string error;
  const auto url = conf::parse_redirect_url(text, error);
  CHECK(url.has_value() == error.empty());
  if (!url) return "refused";
  CHECK(url->code == 302);
  return url->scheme + "|" + url->host + "|" + url->port + "|" + url->path;
}

std::string refusal(std::string_view text) {
  std::string error;
  CHECK_FALSE(conf::parse_redirect_url(text, error));
  return error;
}

}  // namespace

TEST_CASE("redirect_url: scheme, host, port and path") {
  CHECK(parts("https://www.example.com") == "https://|www.example.com||");
  CHECK(parts("http://www.example.com") == "http://|www.example.com||");
  CHECK(parts("HTTPS://WWW.Example.COM:443") == "https://|www.example.com|:443|");
  CHECK(parts("https://a/") == "https://|a||/");
  CHECK(parts("https://a:00080/b/c?d=e&f#g") == "https://|a|:80|/b/c?d=e&f#g");
  CHECK(parts("https://192.0.2.7:1") == "https://|192.0.2.7|:1|");
  CHECK(parts("https://[2001:DB8::0:1]:65535/x") == "https://|[2001:db8::1]|:65535|/x");
  CHECK(parts("https://[::1]") == "https://|[::1]||");
  CHECK(parts("https://a/%7e%2F$host") == "https://|a||/%7e%2F$host");
}

TEST_CASE("redirect_url: the host of the request") {
  CHECK(parts("https://$host") == "https://|||");
  CHECK(parts("https://$HOST:8443") == "https://||:8443|");
  CHECK(parts("https://$host/login") == "https://|||/login");
  for (const char* text : {"https://$hosts", "https://$hos", "https://a.$host", "https://$host.a",
                           "https://[$host]", "https://$"}) {
    CHECK(refusal(text) == "its host must be a name, an IP address or `$host`");
  }
}

TEST_CASE("redirect_url: a query or a fragment alone belongs to the root") {
  CHECK(parts("https://a?b=c") == "https://|a||/?b=c");
  CHECK(parts("https://a#b") == "https://|a||/#b");
}

TEST_CASE("redirect_url: other schemes and none") {
  for (const char* text : {"", "a", "/a", "//a", "ftp://a", "https:/a", "https:a", "javascript:a",
                           " https://a", "httpss://a"}) {
    CHECK(refusal(text) == "it must begin with `http://` or `https://`");
  }
}

TEST_CASE("redirect_url: ports") {
  for (const char* text : {"https://a:", "https://a:0", "https://a:65536", "https://a:-1",
                           "https://a:1a", "https://a:99999999999999999999", "https://$host:"}) {
    CHECK(refusal(text) == "its port must be a whole number from 1 to 65535");
  }
  CHECK(parts("https://a:65535") == "https://|a|:65535|");
}

TEST_CASE("redirect_url: every byte") {
  const std::string_view marks = "-._~:/?#[]@!$&()*+,;=";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    CAPTURE(byte);
    const bool good = letter || (c != 0 && marks.find(c) != std::string_view::npos);
    CHECK((parts(std::string("https://a/") + c + "b") != "refused") == good);
  }
}

TEST_CASE("redirect_url: encoded bytes are whole") {
  for (const char* text : {"https://a/%", "https://a/%4", "https://a/%g0", "https://a/%0g"}) {
    CHECK(refusal(text) == "a % must be followed by two hexadecimal digits");
  }
  CHECK(refusal("https://a%41/") == "its host must be a name, an IP address or `$host`");
}

TEST_CASE("redirect_url: nobody's password") {
  CHECK(refusal("https://a@b") == "it must not have a user name or a password");
  CHECK(refusal("https://a:b@c/") == "it must not have a user name or a password");
  CHECK(parts("https://a/@b") == "https://|a||/@b");
}
