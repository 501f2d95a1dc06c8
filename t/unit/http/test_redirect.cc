// The location and the page of a redirect, and that no request can inject anything into them.
#include "worker/http/redirect.h"

#include <doctest/doctest.h>

#include <string>

#include "worker/http/uri.h"

using namespace worker::http;

namespace {

constexpr RedirectTarget kKeepAll{"https://", "", "", ""};

std::string kept(std::string_view authority, std::string_view path_query) {
  return redirect_location(kKeepAll, authority, path_query);
}

}  // namespace

TEST_CASE("redirect: host and path of the request are kept") {
  CHECK(kept("www.example.com", "/a?b=c") == "https://www.example.com/a?b=c");
  CHECK(kept("WWW.example.com:8080", "/") == "https://WWW.example.com/");
  CHECK(kept("www.example.com:", "/") == "https://www.example.com/");
  CHECK(kept("192.0.2.7:80", "/") == "https://192.0.2.7/");
  CHECK(kept("[2001:db8::1]:80", "/x") == "https://[2001:db8::1]/x");
  CHECK(kept("[::1]", "/") == "https://[::1]/");
}

TEST_CASE("redirect: host, port and path of the configuration") {
  CHECK(redirect_location({"https://", "", ":8443", ""}, "a:80", "/b") == "https://a:8443/b");
  CHECK(redirect_location({"http://", "b", "", ""}, "a:80", "/c?d") == "http://b/c?d");
  CHECK(redirect_location({"https://", "b", ":1", "/login"}, "a", "/c") == "https://b:1/login");
  CHECK(redirect_location({"https://", "", "", "/#x"}, "a", "/c") == "https://a/#x");
  CHECK(redirect_location({"https://", "[::1]", ":2", ""}, "", "/c") == "https://[::1]:2/c");
}

TEST_CASE("redirect: there is no location without a host") {
  CHECK(kept("", "/a") == "");
  CHECK(redirect_location({"https://", "b", "", ""}, "", "/a") == "https://b/a");
}

TEST_CASE("redirect: a path always follows the host") {
  CHECK(kept("a", "*") == "https://a/");
  CHECK(kept("a", "") == "https://a/");
  CHECK(kept("a", "//evil.example/") == "https://a//evil.example/");
  CHECK(kept("a", "/@evil.example") == "https://a/@evil.example");
}

TEST_CASE("redirect: every acceptable target makes a valid URL") {
  const std::string allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?@!$&'()*+,;=%";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const std::string target = std::string("/?") + c;
    Breaches breaches;
    if (judge_path_query(target, 0, breaches)) continue;
    CAPTURE(byte);
    const std::string location = kept("a", target);
    CHECK(location.find_first_not_of(allowed) == std::string::npos);
    const bool encoded = location.size() == sizeof("https://a/?") - 1 + 3;
    CHECK(encoded ==
          (byte >= 0x80 || std::string_view("[]|^\\`{}\"<>%").find(c) != std::string_view::npos));
  }
  CHECK(kept("a", "/%41%0d%0a") == "https://a/%41%0d%0a");
  CHECK(kept("a", "/?c[GEO]=SE|`") == "https://a/?c%5BGEO%5D=SE%7C%60");
}

TEST_CASE("redirect: the answer holds the location and a page that links to it") {
  const std::string location = "https://a/?b=1&c='";
  const std::string page = redirect_page(301, location);
  const Answer answer = redirect_answer(301, location, page);
  CHECK(answer.status == 301);
  CHECK(answer.content_type == "text/html; charset=utf-8");
  CHECK(answer.field.name == "Location");
  CHECK(answer.field.value == location);
  CHECK(answer.page ==
        "<!DOCTYPE html>\n<html lang=\"en\">\n"
        "<head><meta charset=\"utf-8\"><title>301 Moved Permanently</title></head>\n"
        "<body><h1>301 Moved Permanently</h1>"
        "<p><a href=\"https://a/?b=1&amp;c=&#39;\">This page is here.</a></p></body>\n</html>\n");
}

TEST_CASE("redirect: each status names itself in its page") {
  CHECK(redirect_page(302, "x").find("<h1>302 Found</h1>") != std::string::npos);
  CHECK(redirect_page(303, "x").find("<h1>303 See Other</h1>") != std::string::npos);
  CHECK(redirect_page(307, "x").find("<h1>307 Temporary Redirect</h1>") != std::string::npos);
  CHECK(redirect_page(308, "x").find("<h1>308 Permanent Redirect</h1>") != std::string::npos);
}

TEST_CASE("redirect: a page is safe whatever the location is") {
  CHECK(redirect_page(302, "\"><script>'&").find("href=\"&quot;&gt;&lt;script&gt;&#39;&amp;\">") !=
        std::string::npos);
}
