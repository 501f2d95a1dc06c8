// Tests of http/rewrite_url: which URLs change, and into what.
#include "worker/http/rewrite_url.h"

#include <doctest/doctest.h>

#include <vector>

using namespace worker::http;

namespace {

const std::vector<std::string> kBackend{"app.internal:8080", "10.0.0.1:8080", "[2001:db8::1]:8080",
                                        "10.0.0.2:80", "10.0.0.3:443"};

// With the values 1 and 2 of RewriteLocation; "-" for a location that stays.
std::string rewritten(std::string_view location, const AskedServer& asked, int mode) {
  return location_for_client(location, asked, kBackend, mode == 1).value_or("-");
}
const AskedServer kSecure{.https = true, .authority = "www.example.com"};
const AskedServer kPlain{.https = false, .authority = "www.example.com"};
const AskedServer kOwnPort{.https = true, .authority = "[2001:db8::9]:8443"};

std::string secure(std::string_view location, int mode = 2) {
  return rewritten(location, kSecure, mode);
}

std::string aimed(const std::string& fields, const AskedServer& asked, bool to_https = false,
                  std::string_view host = "www.example.com") {
  const std::string begin = "COPY /a HTTP/1.1\r\nHost: x\r\n";
  std::string head = begin + fields + "\r\n";
  const std::size_t at = aim_destination(head, asked, host);
  if (at != 0) set_destination_scheme(head, at, to_https);
  CHECK(head.starts_with(begin));
  CHECK(head.ends_with("\r\n\r\n"));
  const std::string now = head.substr(begin.size(), head.size() - begin.size() - 2);
  CHECK((at != 0 || now == fields));
  return now;
}

}  // namespace

TEST_CASE("rewrite_url: the parts of a URL") {
  const auto parts = [](std::string_view url) {
    const auto split = split_web_url(url);
    if (!split) return std::string("-");
    return std::string(split->https ? "s " : "p ") + std::string(split->authority) + " " +
           std::string(split->rest);
  };
  CHECK(parts("http://a/b?c#d") == "p a /b?c#d");
  CHECK(parts("HTTPS://A:1?c") == "s A:1 ?c");
  CHECK(parts("http://a#d") == "p a #d");
  CHECK(parts("http://") == "p  ");
  CHECK(parts("http://u@a/b@c") == "p u@a /b@c");
  for (const char* other : {"", "/b", "//a/b", "http:/a", "http:\\\\a", "ftp://a", "httpss://a",
                            " http://a", "b", "?http://a"}) {
    CHECK(parts(other) == "-");
  }
}

TEST_CASE("rewrite_url: a backend's own address becomes what the client has asked") {
  CHECK(secure("http://10.0.0.1:8080/a?b#c") == "https://www.example.com/a?b#c");
  CHECK(secure("https://10.0.0.1:8080") == "https://www.example.com");
  CHECK(secure("HTTP://App.Internal:8080?q") == "https://www.example.com?q");
  CHECK(secure("http://[2001:DB8::1]:8080/") == "https://www.example.com/");
  CHECK(secure("http://10.0.0.2/") == "https://www.example.com/");
  CHECK(secure("http://10.0.0.2:/") == "https://www.example.com/");
  CHECK(secure("http://10.0.0.2:80/") == "https://www.example.com/");
  CHECK(secure("https://10.0.0.3/") == "https://www.example.com/");
  CHECK(rewritten("http://10.0.0.1:8080/", kPlain, 2) == "http://www.example.com/");
  CHECK(rewritten("http://10.0.0.1:8080/", kOwnPort, 1) == "https://[2001:db8::9]:8443/");
}

TEST_CASE("rewrite_url: whatever is not exactly that stays") {
  for (const char* other : {"/a",
                            "a",
                            "",
                            "//10.0.0.1:8080/",
                            "http://10.0.0.1:8081/",
                            "http://10.0.0.1/",
                            "http://10.0.0.1:808/",
                            "http://10.0.0.1:08080/",
                            "http://10.0.0.1:8080x/",
                            "http://10.0.0.1:8080.evil.example/",
                            "http://10.0.0.1.evil.example:8080/",
                            "http://x10.0.0.1:8080/",
                            "http://u@10.0.0.1:8080/",
                            "http://u:p@10.0.0.1:8080/",
                            "http://10.0.0.1:8080@evil.example/",
                            "http://10.0.0.1:8080\\@evil.example/",
                            "http://evil.example/http://10.0.0.1:8080/",
                            "https://10.0.0.2/",
                            "http://10.0.0.3/",
                            "http://2001:db8::1:8080/",
                            "http://[2001:db8::1/",
                            "http://[2001:db8::1]8080/",
                            "http://[2001:db8::2]:8080/",
                            "ftp://10.0.0.1:8080/",
                            "http:10.0.0.1:8080/",
                            "http://app.internal.:8080/",
                            "http://app.internal:8080 /",
                            "http://www.example.org/",
                            "http://sub.www.example.com/",
                            "http://www.example.com:8080/"}) {
    CAPTURE(other);
    CHECK(secure(other, 1) == "-");
    CHECK(secure(other, 2) == "-");
  }
}

TEST_CASE("rewrite_url: the other scheme of what the client has asked") {
  CHECK(secure("http://www.example.com/a", 1) == "https://www.example.com/a");
  CHECK(secure("http://WWW.example.com:80/a", 1) == "https://www.example.com/a");
  CHECK(secure("http://www.example.com:443/a", 1) == "https://www.example.com/a");
  CHECK(rewritten("https://www.example.com/a", kPlain, 1) == "http://www.example.com/a");
  CHECK(rewritten("http://[2001:db8::9]:8443/a", kOwnPort, 1) == "https://[2001:db8::9]:8443/a");
  // Another port is another server, and the right scheme needs no change.
  CHECK(rewritten("http://[2001:db8::9]/a", kOwnPort, 1) == "-");
  CHECK(rewritten("http://[2001:db8::9]:443/a", kOwnPort, 1) == "-");
  CHECK(rewritten("http://[2001:db8::9]:80/a", kOwnPort, 1) == "-");
  CHECK(secure("https://www.example.com/a", 1) == "-");
  CHECK(secure("https://www.example.com:443/a", 1) == "-");
  CHECK(secure("http://www.example.com/a", 2) == "-");
}

TEST_CASE("rewrite_url: nothing changes when it is not known what the client has asked") {
  const AskedServer unknown{.https = true, .authority = {}};
  CHECK(rewritten("http://10.0.0.1:8080/", unknown, 1) == "-");
  CHECK(rewritten("http:///a", unknown, 1) == "-");
  CHECK(aimed("Destination: https://www.example.com/b\r\n", unknown) ==
        "Destination: https://www.example.com/b\r\n");
}

TEST_CASE("rewrite_url: a Destination gets the scheme and the Host of the backend") {
  CHECK(aimed("Destination: https://www.example.com/b\r\n", kSecure) ==
        "Destination: http://www.example.com/b\r\n");
  CHECK(aimed("A: b\r\ndestination: HTTPS://WWW.example.com:443/b%20c\r\nC: d\r\n", kSecure) ==
        "A: b\r\ndestination: http://www.example.com/b%20c\r\nC: d\r\n");
  CHECK(aimed("Destination: https://www.example.com/b\r\n", kSecure, true, "inner:81") ==
        "Destination: https://inner:81/b\r\n");
  CHECK(aimed("Destination: http://www.example.com:80\r\n", kPlain, true, "inner") ==
        "Destination: https://inner\r\n");
  CHECK(aimed("Destination: https://[2001:db8::9]:8443/b\r\n", kOwnPort, false,
              "[2001:db8::9]:8443") == "Destination: http://[2001:db8::9]:8443/b\r\n");
}

TEST_CASE("rewrite_url: the scheme can change with every backend") {
  std::string head = "MOVE /a HTTP/1.1\r\nDestination: https://www.example.com/b\r\n\r\n";
  const std::string secure_head = head;
  const std::size_t at = aim_destination(head, kSecure, "www.example.com");
  CHECK(at == head.find("https://"));
  set_destination_scheme(head, at, false);
  CHECK(head == "MOVE /a HTTP/1.1\r\nDestination: http://www.example.com/b\r\n\r\n");
  set_destination_scheme(head, at, false);
  set_destination_scheme(head, at, true);
  CHECK(head == secure_head);
}

TEST_CASE("rewrite_url: a Destination that stays") {
  for (const std::string value :
       {"http://www.example.com/b", "https://www.example.org/b", "https://www.example.com:8443/b",
        "https://u@www.example.com/b", "https://www.example.com.evil.example/b", "/b", "",
        "https://10.0.0.1:8080/b"}) {
    CAPTURE(value);
    const std::string field = "Destination: " + value + "\r\n";
    CHECK(aimed(field, kSecure) == field);
  }
  const std::string one = "Destination: https://www.example.com/b\r\n";
  CHECK(aimed(one + one, kSecure) == one + one);
  CHECK(aimed(one, kSecure, false, "") == one);
  const std::string similar =
      "X-Destination: https://www.example.com/b\r\n"
      "Destinations: https://www.example.com/b\r\n";
  CHECK(aimed(similar, kSecure) == similar);
}
