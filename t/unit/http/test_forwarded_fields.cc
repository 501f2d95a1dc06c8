// The forwarded fields, whatever protocol carries them.
#include "worker/http/forwarded_fields.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/http/heads.h"

using namespace worker::http;

namespace {

// Lists the visited fields, one per line: '<' marks a received field, '+' one of Pound's.
struct Lister {
  std::string text = {};

  void operator()(const Field& field) {
    text.append("< ").append(field.name).append(" = ").append(field.value).append("\n");
  }
  void operator()(std::string_view name, std::string_view value) {
    text.append("+ ").append(name).append(" = ").append(value).append("\n");
  }
};

std::string request_fields(const std::string& raw, const Forwarded& forwarded) {
  const http_heads::Request parsed(raw);
  REQUIRE(!parsed.verdict);
  Lister lister;
  for_each_request_field(parsed.head, parsed.facts, forwarded, lister);
  return lister.text;
}

std::string response_fields(const std::string& raw, const AddedLines& added = {}) {
  const http_heads::Response parsed(raw);
  Lister lister;
  for_each_response_field(parsed.head, added, lister);
  return lister.text;
}

std::string lines(std::string_view ready) {
  Lister lister;
  for_each_line(ready, lister);
  return lister.text;
}

const Forwarded kForwarded{"192.0.2.7", "https", "192.0.2.1:443", "443"};

}  // namespace

TEST_CASE("forwarded_fields: a request has neither framing nor hop-by-hop fields") {
  CHECK(request_fields("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTE: trailers\r\n"
                       "Connection: keep-alive, Upgrade, X-Hop\r\nUpgrade: websocket\r\n"
                       "X-Hop: 1\r\nExpect: 100-continue\r\nAccept:x\r\n\r\n",
                       kForwarded) ==
        "+ Host = a\n"
        "< Accept = x\n"
        "+ X-Forwarded-For = 192.0.2.7\n"
        "+ X-Forwarded-Proto = https\n"
        "+ X-Forwarded-Host = a\n"
        "+ X-Forwarded-Port = 443\n");
}

TEST_CASE("forwarded_fields: the client's X-Forwarded-For, X-SSL and twins") {
  Forwarded forwarded = kForwarded;
  forwarded.tls_fields = "X-SSL-Cipher: A\r\nX-SSL-Subject: \r\n";
  CHECK(request_fields("GET / HTTP/1.0\r\nX-Forwarded-For: 198.51.100.1\r\nX-SSL-Cipher: B\r\n"
                       "X_Forwarded_For: 1\r\nx-forwarded-for: 198.51.100.2\r\nmy_x: 1\r\n\r\n",
                       forwarded) ==
        "+ Host = 192.0.2.1:443\n"
        "< my_x = 1\n"
        "+ X-Forwarded-For = 192.0.2.7\n"
        "+ X-Forwarded-Proto = https\n"
        "+ X-Forwarded-Port = 443\n"
        "+ X-SSL-Cipher = A\n"
        "+ X-SSL-Subject = \n");
}

TEST_CASE("forwarded_fields: a client cannot speak as a proxy") {
  CHECK(request_fields("GET / HTTP/1.1\r\nHost: a\r\nProxy: http://evil\r\nForwarded: for=1\r\n"
                       "X-Forwarded-Ssl: on\r\nX-Real-IP: 1\r\nX_Real_IP: 1\r\nRemote-User: r\r\n"
                       "Remote_User: r\r\nX-Remote-Groups: r\r\nX-Requested-With: x\r\n\r\n",
                       kForwarded) ==
        "+ Host = a\n"
        "< X-Requested-With = x\n"
        "+ X-Forwarded-For = 192.0.2.7\n"
        "+ X-Forwarded-Proto = https\n"
        "+ X-Forwarded-Host = a\n"
        "+ X-Forwarded-Port = 443\n"
        "+ X-Real-IP = 192.0.2.7\n"
        "+ Forwarded = for=192.0.2.7;proto=https;host=a\n");
}

TEST_CASE("forwarded_fields: what a trusted peer says passes, and the peer is added") {
  Forwarded forwarded = kForwarded;
  forwarded.is_trusted = true;
  forwarded.client_ip = "203.0.113.9";
  const std::string raw =
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nx-forwarded-for: 192.0.2.6\r\n"
      "X-Forwarded-For:\r\nForwarded: for=203.0.113.9;proto=https\r\nForwarded: for=192.0.2.6\r\n"
      "X-Real-IP: 1.1.1.1\r\nX_Real_IP: 1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: b:81\r\n"
      "\r\n";
  const http_heads::Request parsed(raw);
  forwarded.believed = believed_fields(parsed.head.fields);
  CHECK(request_fields(raw, forwarded) ==
        "+ Host = a\n"
        "+ X-Forwarded-For = 203.0.113.9, 192.0.2.6, 192.0.2.7\n"
        "+ X-Forwarded-Proto = http\n"
        "+ X-Forwarded-Host = b:81\n"
        "+ X-Forwarded-Port = 81\n"
        "+ X-Real-IP = 203.0.113.9\n"
        "+ Forwarded = for=203.0.113.9;proto=https, for=192.0.2.6, "
        "for=192.0.2.7;proto=https;host=a\n");
}

TEST_CASE("forwarded_fields: a trusted peer's malformed Forwarded is replaced") {
  Forwarded forwarded = kForwarded;
  forwarded.is_trusted = true;
  CHECK(request_fields("GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=\"\r\n"
                       "Forwarded: for=192.0.2.6\r\n\r\n",
                       forwarded)
            .ends_with("+ Forwarded = for=192.0.2.7;proto=https;host=a\n"));
}

TEST_CASE("forwarded_fields: what can be believed of a trusted peer") {
  const auto believed = [](const std::string& fields) {
    const http_heads::Request parsed("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    const Believed found = believed_fields(parsed.head.fields);
    return std::string(found.proto) + " " + std::string(found.host) + " " + std::string(found.port);
  };
  CHECK(believed("") == "  ");
  CHECK(believed("X-Forwarded-Proto: https\r\n") == "https  443");
  CHECK(believed("X-Forwarded-Proto: HTTP\r\n") == "http  80");
  CHECK(believed("X-Forwarded-Proto: HttpS\r\nX-Forwarded-Host: b.example\r\n") ==
        "https b.example 443");
  CHECK(believed("X-Forwarded-Proto: https\r\nX-Forwarded-Host: b:8443\r\n") ==
        "https b:8443 8443");
  CHECK(believed("X-Forwarded-Host: [2001:db8::1]:81\r\n") == " [2001:db8::1]:81 81");
  CHECK(believed("X-Forwarded-Host: [2001:db8::1]\r\n") == " [2001:db8::1] ");
  CHECK(believed("X-Forwarded-Host: b:\r\nX-Forwarded-Proto: http\r\n") == "http b: 80");
  CHECK(believed("X-Forwarded-Port: 8443\r\nX-Forwarded-Proto: https\r\n") == "https  8443");
  CHECK(believed("X-Forwarded-Port: 65535\r\nX-Forwarded-Host: b:81\r\n") == " b:81 65535");
  for (const char* faulty : {"ftp", "https, http", "https,", "", "http:", "httpss", "1"}) {
    CHECK(believed("X-Forwarded-Proto: " + std::string(faulty) + "\r\n") == "  ");
  }
  for (const char* faulty : {"a, b", "a/b", "user@a", "", "a b", "a:b", "a:65536", "[::1", "<"}) {
    CHECK(believed("X-Forwarded-Host: " + std::string(faulty) + "\r\n") == "  ");
  }
  for (const char* faulty : {"0", "65536", "080", "x", "", "80, 443", "-1", "+80", "123456"}) {
    CHECK(believed("X-Forwarded-Port: " + std::string(faulty) + "\r\n") == "  ");
  }
  CHECK(believed("X-Forwarded-Host: " + std::string(255, 'a') + "\r\n") ==
        " " + std::string(255, 'a') + " ");
  CHECK(believed("X-Forwarded-Host: " + std::string(256, 'a') + "\r\n") == "  ");
  CHECK(believed("X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https\r\n"
                 "X-Forwarded-Host: b\r\nX-Forwarded-Host: b\r\n"
                 "X-Forwarded-Port: 81\r\nX-Forwarded-Port: 81\r\n") == "  ");
}

TEST_CASE("forwarded_fields: the field that names the client ends here") {
  const std::string raw =
      "GET / HTTP/1.1\r\nHost: a\r\nCF-Connecting-IP: 1\r\ncf_connecting_ip: 2\r\n"
      "cf-connecting-ip: 3\r\nCF-Connecting-IPx: 4\r\nCF-Connecting.IP: 5\r\n\r\n";
  const auto passed = [&](const Forwarded& forwarded) {
    const std::string all = request_fields(raw, forwarded);
    const std::size_t begin = all.find("< ");
    return all.substr(begin, all.find("+ X-Forwarded-For") - begin);
  };
  Forwarded forwarded = kForwarded;
  CHECK(passed(forwarded) ==
        "< CF-Connecting-IP = 1\n< cf_connecting_ip = 2\n< cf-connecting-ip = 3\n"
        "< CF-Connecting-IPx = 4\n< CF-Connecting.IP = 5\n");
  forwarded.client_field = "CF-Connecting-IP";
  CHECK(passed(forwarded) == "< CF-Connecting-IPx = 4\n");
  forwarded.is_trusted = true;
  CHECK(passed(forwarded) ==
        "< CF-Connecting-IP = 1\n< cf-connecting-ip = 3\n< CF-Connecting-IPx = 4\n");
}

TEST_CASE("forwarded_fields: a response has neither framing nor hop-by-hop fields") {
  CHECK(response_fields("HTTP/1.1 200 OK\r\nServer: s\r\nConnection: X-Hop, Set-Cookie\r\n"
                        "X-Hop: 1\r\nSet-Cookie: a\r\nTransfer-Encoding: chunked\r\n"
                        "Trailer: X\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\n"
                        "Upgrade: h2c\r\nTE: x\r\nDate: d\r\n\r\n") ==
        "< Server = s\n< Set-Cookie = a\n< Date = d\n");
  CHECK(response_fields("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").empty());
}

TEST_CASE(
    "forwarded_fields: the listener's HSTS replaces the backend's, HeadAdd replaces nothing") {
  const std::string raw = "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=0\r\nA: b\r\n\r\n";
  AddedLines added{.head_add = "A: c\r\nB: d\r\n"};
  CHECK(response_fields(raw, added) == "< strict-transport-security = max-age=0\n< A = b\n");
  added.hsts = "Strict-Transport-Security: max-age=300\r\n";
  CHECK(response_fields(raw, added) == "< A = b\n");
  Lister lister;
  for_each_added_field(added, lister);
  CHECK(lister.text == "+ A = c\n+ B = d\n+ Strict-Transport-Security = max-age=300\n");
}

TEST_CASE("forwarded_fields: ready lines become names and values") {
  CHECK(lines("").empty());
  CHECK(lines("A: \r\n") == "+ A = \n");
  CHECK(lines("A: b: c\r\nD: e \t f\r\n") == "+ A = b: c\n+ D = e \t f\n");
}

TEST_CASE("forwarded_fields: the length of a body that is not sent") {
  const auto length = [](const std::string& status, const std::string& fields) {
    const http_heads::Response parsed("HTTP/1.1 " + status + " X\r\n" + fields + "\r\n");
    return informative_length(parsed.head);
  };
  CHECK(length("200", "Content-Length: 0500\r\n") == 500);
  CHECK(length("304", "Content-Length: 0\r\n") == 0);
  CHECK(!length("200", ""));
  CHECK(!length("103", "Content-Length: 5\r\n"));
  CHECK(!length("204", "Content-Length: 5\r\n"));
  CHECK(!length("200", "Content-Length: x\r\n"));
  CHECK(!length("200", "Content-Length: 5\r\nContent-Length: 5\r\n"));
  CHECK(!length("200", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"));
}

TEST_CASE(
    "forwarded_fields: Pound's id of the request takes the place of the client's and its twins") {
  Forwarded forwarded = kForwarded;
  forwarded.id_field = "X-Request-ID";
  forwarded.request_id = "0-1";
  CHECK(
      request_fields("GET / HTTP/1.1\r\nHost: a\r\nx-request-id: forged\r\nX_Request_ID: forged\r\n"
                     "X-Request-IDs: mine\r\ntraceparent: 00-1\r\nConnection: X-Request-ID\r\n\r\n",
                     forwarded) ==
      "+ Host = a\n"
      "< X-Request-IDs = mine\n"
      "< traceparent = 00-1\n"
      "+ X-Forwarded-For = 192.0.2.7\n"
      "+ X-Forwarded-Proto = https\n"
      "+ X-Forwarded-Host = a\n"
      "+ X-Forwarded-Port = 443\n"
      "+ X-Request-ID = 0-1\n");
}
