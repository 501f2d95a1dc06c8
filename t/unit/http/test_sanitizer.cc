// Facts that are reused or depend on each other. For single verdicts see data/requests.
#include "worker/http/sanitizer.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/http/heads.h"

using namespace worker::http;

TEST_CASE("sanitizer: a request's facts keep nothing of the previous request") {
  http_heads::Request first(
      "PUT http://b/ HTTP/1.1\r\nHost: b\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(first.facts.expects_continue);
  const http_heads::Request second("HEAD / HTTP/1.0\r\n\r\n");
  CHECK(!judge_request(second.head, first.facts));
  CHECK(!first.facts.expects_continue);
  CHECK(first.facts.host == "");
  CHECK(first.facts.is_head);
  CHECK(first.facts.is_http10);
  CHECK(first.facts.body.kind == Framing::Kind::none);
  CHECK(first.facts.body.length == 0);
}

TEST_CASE("sanitizer: the framing is known even when the method or Expect is refused") {
  const http_heads::Request method("BREW / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  CHECK(!method.verdict);
  CHECK(method.facts.breaches.refusal({}).reason == Reason::method_unknown);
  CHECK(method.facts.body.length == 4);
  const http_heads::Request expect(
      "PUT / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(!expect.verdict);
  CHECK(expect.facts.breaches.refusal({}).reason == Reason::expect_unknown);
  CHECK(expect.facts.body.kind == Framing::Kind::chunked);
}

TEST_CASE("sanitizer: repeatable is an idempotent method without a body") {
  const auto repeatable = [](const std::string& start, const std::string& fields) {
    return http_heads::Request(start + " / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n")
        .facts.repeatable;
  };
  CHECK(repeatable("GET", ""));
  CHECK(repeatable("PUT", "Content-Length: 0\r\n"));
  CHECK(!repeatable("PUT", "Content-Length: 1\r\n"));
  CHECK(!repeatable("GET", "Transfer-Encoding: chunked\r\n"));
  CHECK(!repeatable("POST", ""));
}

TEST_CASE("sanitizer: only a switch is the success of an extended CONNECT") {
  RequestFacts connect;
  connect.upgrade = "websocket";
  connect.is_connect = true;
  const auto reason = [](const std::string& status, const RequestFacts& request) {
    const http_heads::Response response("HTTP/1.1 " + status + " X\r\nUpgrade: websocket\r\n\r\n");
    ResponseFacts facts;
    return judge_response(response.head, request, facts).reason;
  };
  CHECK(reason("101", connect) == Reason::none);
  CHECK(reason("103", connect) == Reason::none);
  CHECK(reason("200", connect) == Reason::response_switch_protocol);
  CHECK(reason("299", connect) == Reason::response_switch_protocol);
  CHECK(reason("300", connect) == Reason::none);
  CHECK(reason("404", connect) == Reason::none);
  connect.is_connect = false;
  CHECK(reason("200", connect) == Reason::none);
}

TEST_CASE("sanitizer: a method is idempotent with a body, too") {
  const auto idempotent = [](const std::string& method) {
    return http_heads::Request(method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
        .facts.idempotent;
  };
  CHECK(idempotent("PUT"));
  CHECK(idempotent("DELETE"));
  CHECK(!idempotent("POST"));
  CHECK(!idempotent("PATCH"));
}

TEST_CASE("sanitizer: a response's facts keep nothing of the previous response") {
  http_heads::Response first("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
  CHECK(first.facts.keep_alive);
  const http_heads::Response second("HTTP/1.1 200 OK\r\n\r\n");
  CHECK(!judge_response(second.head, RequestFacts{}, first.facts));
  CHECK(!first.facts.keep_alive);
  CHECK(first.facts.body.kind == Framing::Kind::until_close);
  CHECK(first.facts.body.length == 0);
}

TEST_CASE("sanitizer: a head of HTTP/2 switches to the protocol of its extended CONNECT") {
  RequestHead head;
  head.version = Version::http2;
  head.method = "GET";
  RequestFacts facts;
  CHECK(!judge_request(head, facts));
  CHECK(facts.upgrade == "");
  CHECK(!facts.is_http10);
  CHECK(facts.breaches.refusal({}).reason == Reason::host_missing);
  head.protocol = "websocket";
  CHECK(!judge_request(head, facts));
  CHECK(facts.upgrade == "websocket");
  head.version = Version::http11;
  CHECK(!judge_request(head, facts));
  CHECK(facts.upgrade == "");
  head.clear();
  CHECK(head.protocol == "");
  CHECK(head.version == Version::http11);
}
