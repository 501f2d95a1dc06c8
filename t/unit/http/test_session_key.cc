// The text of a session from each source, in requests and in responses.
#include "worker/http/session_key.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/http/heads.h"

using namespace worker::http;

namespace {

// "-" stands for no text; no case below has that as its text.
std::string shown(const std::optional<std::string_view>& text) {
  return text ? std::string(*text) : "-";
}

std::string from(SessionSource source, const std::string& id, const std::string& target,
                 const std::string& fields) {
  const http_heads::Request parsed("GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
  std::string scratch = "what was here before";
  return shown(session_text(source, id, parsed.head, scratch));
}

std::string user(const std::string& authorization) {
  return from(SessionSource::basic_user, "", "/", "Authorization: " + authorization + "\r\n");
}

std::string parameter(const std::string& target) {
  return from(SessionSource::url_parameter, "sid", target, "");
}

std::string in_path(const std::string& target) {
  return from(SessionSource::path_parameter, "", target, "");
}

std::string cookie(const std::string& value) {
  return from(SessionSource::cookie, "sess", "/", "Cookie: " + value + "\r\n");
}

std::string field(const std::string& fields) {
  return from(SessionSource::header, "X-Session", "/", fields);
}

std::string learned(SessionSource source, const std::string& id, const std::string& fields) {
  const http_heads::Response parsed("HTTP/1.1 200 OK\r\n" + fields + "\r\n");
  return shown(learned_session_text(source, id, parsed.head));
}

std::string set(const std::string& set_cookie) {
  return learned(SessionSource::cookie, "sess", "Set-Cookie: " + set_cookie + "\r\n");
}

const std::string kLongest(kMaxSessionText, 'x');

}  // namespace

TEST_CASE("session_key: the user of basic authentication") {
  CHECK(user("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == "Aladdin");
  CHECK(user("bAsIc QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == "Aladdin");
  CHECK(user("Basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == "Aladdin");
  CHECK(user("Basic YTo=") == "a");       // a:
  CHECK(user("Basic YWI6Yw==") == "ab");  // ab:c
  CHECK(user("Basic YWI6") == "ab");      // ab:
  CHECK(user("Basic YTpiOmM=") == "a");   // a:b:c
  CHECK(user("Basic w6n/+zo=") == "\xc3\xa9\xff\xfb");
  CHECK(user("Basic YQBiOmM=") == std::string("a\0b", 3));
}

TEST_CASE("session_key: the password makes no difference and is stored nowhere") {
  const http_heads::Request parsed(
      "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
  std::string scratch;
  const auto text = session_text(SessionSource::basic_user, "", parsed.head, scratch);
  CHECK(shown(text) == "Aladdin");
  CHECK(scratch == "Aladdin");
  CHECK(user("Basic QWxhZGRpbjo=") == "Aladdin");
}

TEST_CASE("session_key: credentials that are not Basic, or not base64") {
  CHECK(from(SessionSource::basic_user, "", "/", "") == "-");
  for (const char* value : {"",
                            "Basic",
                            "Basic ",
                            "Basic YTpi YTpi",
                            "Bearer YTpi",
                            "BasicYTpi",
                            "Basi YTpi",
                            "Basic YWJj" /* abc */,
                            "Basic OmE=" /* :a */,
                            "Basic Og==" /* : */,
                            "Basic YTo",
                            "Basic YTo==",
                            "Basic YTo===",
                            "Basic ====",
                            "Basic =",
                            "Basic YT=o",
                            "Basic YTpi====",
                            "Basic YTpi=",
                            "Basic YTp-",
                            "Basic YTp_",
                            "Basic YTpi!",
                            "Basic YTpiYW*j",
                            "Basic YTp\xc3",
                            "Basic Y===" /* one digit is no byte */,
                            "Basic YTp=" /* bits left over */,
                            "Basic YTpiYx==" /* bits left over */,
                            "Basic\tYTpi",
                            "Basic \"YTpi\""}) {
    CAPTURE(value);
    CHECK(user(value) == "-");
  }
}

TEST_CASE("session_key: only the first Authorization counts") {
  CHECK(from(SessionSource::basic_user, "", "/",
             "Authorization: Basic YTpi\r\nAuthorization: Basic Yjpi\r\n") == "a");
  CHECK(from(SessionSource::basic_user, "", "/",
             "Authorization: Bearer b\r\nAuthorization: Basic Yjpi\r\n") == "-");
}

TEST_CASE("session_key: a parameter of the query") {
  CHECK(parameter("/?sid=a") == "a");
  CHECK(parameter("/a/b?x=1&sid=a&y=2") == "a");
  CHECK(parameter("/?sid=a=b?c/d;e") == "a=b?c/d;e");
  CHECK(parameter("/?sid=%41+b") == "%41+b");
  CHECK(parameter("/?&&sid=a&") == "a");
  CHECK(parameter("/?sid=a&sid=b") == "a");
  CHECK(parameter("/?sid&sid=b") == "b");
  CHECK(parameter("/?=x&sid=b") == "b");
  CHECK(parameter("http://a/?sid=b") == "b");
  for (const char* target : {"/", "/?", "/?sid", "/?sid=", "/?sid=&sid=b", "/?Sid=a", "/?xsid=a",
                             "/?sidx=a", "/?si%64=a", "/sid=a", "/;sid=a", "/?x;sid=a", "/?&"}) {
    CAPTURE(target);
    CHECK(parameter(target) == "-");
  }
}

TEST_CASE("session_key: a parameter of the path") {
  CHECK(in_path("/shop;jsessionid=0A1B?x=1") == "jsessionid=0A1B");
  CHECK(in_path("/shop;a/b") == "a");
  CHECK(in_path("/shop;a;b") == "a");
  CHECK(in_path("/;%41") == "%41");
  CHECK(in_path("/a/b;c/d;e") == "c");
  for (const char* target : {"/", "/a?;b", "/;", "/;?b", "/;;b", "/;/b", "/a;/b;c"}) {
    CAPTURE(target);
    CHECK(in_path(target) == "-");
  }
  const http_heads::Request all("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string scratch;
  CHECK(shown(session_text(SessionSource::path_parameter, "", all.head, scratch)) == "-");
}

TEST_CASE("session_key: a cookie") {
  CHECK(cookie("sess=a") == "a");
  CHECK(cookie("x=1; sess=a; y=2") == "a");
  CHECK(cookie("x=1;sess=a;y=2") == "a");
  CHECK(cookie(";; \t ; sess = a\t;") == "a");
  CHECK(cookie("sess=\"a b\"; c=d") == "\"a b\"");
  CHECK(cookie("sess=\"a;b\"") == "\"a");
  CHECK(cookie("sess=a=b==") == "a=b==");
  CHECK(cookie("sess=a; sess=b") == "a");
  CHECK(cookie("sess; sess=b") == "b");
  CHECK(cookie("x=sess=1; sess=b") == "b");
  for (const char* value : {"", "sess", "sess=", "sess= ", "sess=; sess=b", "Sess=a", "xsess=a",
                            "sessx=a", "=sess", "x=1, sess=a", "x=\"sess=a\"", "\"sess\"=a"}) {
    CAPTURE(value);
    CHECK(cookie(value) == "-");
  }
  CHECK(from(SessionSource::cookie, "sess", "/", "X-Cookie: sess=a\r\n") == "-");
}

TEST_CASE("session_key: several Cookie fields are searched in order") {
  CHECK(from(SessionSource::cookie, "sess", "/",
             "Cookie: a=b\r\nX: sess=x\r\ncookie: sess=c\r\nCookie: sess=d\r\n") == "c");
}

TEST_CASE("session_key: a field of the request") {
  CHECK(field("X-Session: a b\r\n") == "a b");
  CHECK(field("x-SESSION:\ta \r\n") == "a");
  CHECK(field("X-Sessions: x\r\nX-Session: a\r\nX-Session: b\r\n") == "a");
  CHECK(field("") == "-");
  CHECK(field("X-Session:\r\n") == "-");
  CHECK(field("X-Session: \r\nX-Session: b\r\n") == "-");
  CHECK(from(SessionSource::header, "user-agent", "/", "User-Agent: curl\r\n") == "curl");
}

TEST_CASE("session_key: the longest text, and one byte more") {
  CHECK(parameter("/?sid=" + kLongest) == kLongest);
  CHECK(parameter("/?sid=" + kLongest + "x") == "-");
  CHECK(in_path("/;" + kLongest) == kLongest);
  CHECK(in_path("/;" + kLongest + "x") == "-");
  CHECK(cookie("sess=" + kLongest) == kLongest);
  CHECK(cookie("sess=" + kLongest + "x") == "-");
  CHECK(field("X-Session: " + kLongest + "\r\n") == kLongest);
  CHECK(field("X-Session: " + kLongest + "x\r\n") == "-");
  CHECK(set("sess=" + kLongest) == kLongest);
  CHECK(set("sess=" + kLongest + "x") == "-");

  // 4095 bytes are 1365 times "abc"; "d:e" and "de:" make it 4096 and 4097.
  std::string encoded;
  std::string decoded;
  for (int i = 0; i < 1365; ++i) {
    encoded += "YWJj";
    decoded += "abc";
  }
  REQUIRE(decoded.size() + 1 == kMaxSessionText);
  CHECK(user("Basic " + encoded + "ZDpl") == decoded + "d");
  CHECK(user("Basic " + encoded + "ZGU6") == "-");
}

TEST_CASE("session_key: the result is a view of the head") {
  const http_heads::Request parsed("GET /?sid=a HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string scratch = "untouched";
  const auto text = session_text(SessionSource::url_parameter, "sid", parsed.head, scratch);
  REQUIRE(text);
  CHECK(text->data() == parsed.bytes.data() + parsed.bytes.find("sid=") + 4);
  CHECK(scratch == "untouched");
}

TEST_CASE("session_key: a cookie that a backend sets") {
  CHECK(set("sess=a") == "a");
  CHECK(set("sess=a; Path=/; HttpOnly; Secure; SameSite=Lax") == "a");
  CHECK(set(" sess = a ;Path=/") == "a");
  CHECK(set("sess=\"a\"; Path=/") == "\"a\"");
  CHECK(set("sess=a=b") == "a=b");
  CHECK(set("sess=a; Expires=Wed, 21 Oct 2065 07:28:00 GMT; Max-Age=300") == "a");
  for (const char* value : {"", "sess", "sess=", "sess= ; Path=/", "Sess=a", "other=a; sess=b",
                            "other=a, sess=b", "sess;sess=b", "=sess"}) {
    CAPTURE(value);
    CHECK(set(value) == "-");
  }
}

TEST_CASE("session_key: a cookie that is being deleted") {
  for (const char* attributes :
       {"Max-Age=0", "max-age=0", " MAX-AGE = 0 ", "Max-Age=-1", "Max-Age=000", "Max-Age=-0",
        "Path=/; Max-Age=0; Secure", "Max-Age=5; Max-Age=0", "Max-Age=0; Max-Age=x",
        "Max-Age=-99999999999999999999999999"}) {
    CAPTURE(attributes);
    CHECK(set("sess=a;" + std::string(attributes)) == "-");
  }
  for (const char* attributes :
       {"Max-Age=1", "Max-Age=010", "Max-Age=99999999999999999999999999", "Max-Age",
        "Max-Age=", "Max-Age=-", "Max-Age=0x", "Max-Age=+0", "Max-Age=0.0", "Max-Age=\"0\"",
        "Max-Ages=0", "X-Max-Age=0", "Max-Age=0; Max-Age=5", "x=Max-Age=0"}) {
    CAPTURE(attributes);
    CHECK(set("sess=a; " + std::string(attributes)) == "a");
  }
}

TEST_CASE("session_key: the last Set-Cookie of a name wins") {
  const auto of = [](const std::string& fields) {
    return learned(SessionSource::cookie, "sess", fields);
  };
  CHECK(of("Set-Cookie: sess=a\r\nset-cookie: sess=b\r\nSET-COOKIE: other=c\r\n") == "b");
  CHECK(of("Set-Cookie: sess=a\r\nSet-Cookie: sess=b; Max-Age=0\r\n") == "-");
  CHECK(of("Set-Cookie: sess=a\r\nSet-Cookie: sess=\r\n") == "-");
  CHECK(of("Set-Cookie: sess=a; Max-Age=0\r\nSet-Cookie: sess=b\r\n") == "b");
  CHECK(of("Set-Cookie: sess=a\r\nSet-Cookie: sess=" + kLongest + "x\r\n") == "-");
  CHECK(of("Cookie: sess=a\r\nSet-Cookie2: sess=b\r\n") == "-");
  CHECK(of("") == "-");
}

TEST_CASE("session_key: a field of the response, and sources that learn nothing") {
  const std::string fields = "X-Session: a\r\nx-session: b\r\nSet-Cookie: X-Session=c\r\n";
  CHECK(learned(SessionSource::header, "x-Session", fields) == "a");
  CHECK(learned(SessionSource::header, "X-Other", fields) == "-");
  CHECK(learned(SessionSource::header, "X-Session", "X-Session:\r\n") == "-");
  CHECK(learned(SessionSource::basic_user, "", "Authorization: Basic YTpi\r\n") == "-");
  CHECK(learned(SessionSource::url_parameter, "X-Session", fields) == "-");
  CHECK(learned(SessionSource::path_parameter, "X-Session", fields) == "-");
}
