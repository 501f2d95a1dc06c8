// The request of a check, and which replies are the expected ones.
#include "worker/backend/check_reply.h"

#include <doctest/doctest.h>

#include <algorithm>

using shm::CheckOutcome;
using shm::CheckResult;
using worker::backend::CheckReply;

namespace {

conf::Backend checked(const std::string& path = "/health") {
  conf::Backend backend;
  backend.address = "192.0.2.1";
  backend.port = 8080;
  backend.check.emplace();
  backend.check->path = path;
  return backend;
}

// The outcome of a reply that comes in pieces of `size` bytes; `none` while it is open.
CheckOutcome judge(const conf::Check& check, std::string bytes, std::size_t size, bool ends) {
  const worker::http::ResponseRules rules;
  CheckReply reply(check, rules);
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (auto outcome = reply.take(&bytes[at], std::min(size, bytes.size() - at))) return *outcome;
  }
  return ends ? reply.end() : CheckOutcome{};
}

// The same for every size of the pieces.
CheckOutcome outcome(const conf::Check& check, const std::string& bytes, bool ends = false) {
  const CheckOutcome whole = judge(check, bytes, bytes.size() + 1, ends);
  for (const std::size_t size : {1, 2, 3, 7}) CHECK(judge(check, bytes, size, ends) == whole);
  return whole;
}

constexpr CheckOutcome kPassed{CheckResult::passed};

}  // namespace

TEST_CASE("check_reply: the request") {
  conf::Backend backend = checked();
  CHECK(worker::backend::check_request(backend) ==
        "GET /health HTTP/1.1\r\nHost: 192.0.2.1:8080\r\nUser-Agent: Pound-check\r\n"
        "Connection: close\r\n\r\n");
  CHECK(worker::backend::check_request(checked("")) == "");
}

TEST_CASE("check_reply: the host") {
  conf::Backend backend = checked();
  const auto host = [&] {
    const std::string text = worker::backend::check_request(backend);
    const std::size_t begin = text.find("Host: ") + 6;
    return text.substr(begin, text.find("\r\n", begin) - begin);
  };
  backend.check->port = 80;
  CHECK(host() == "192.0.2.1");
  backend.address = "2001:db8::1";
  CHECK(host() == "[2001:db8::1]");
  backend.tls.emplace();
  CHECK(host() == "[2001:db8::1]:80");
  backend.check->port = 443;
  CHECK(host() == "[2001:db8::1]");
  backend.tls->name = "app.example";
  CHECK(host() == "app.example");
  backend.check->port = 0;
  CHECK(host() == "app.example:8080");
  backend.check->host = "other";
  CHECK(host() == "other");
}

TEST_CASE("check_reply: the host at a Unix socket") {
  conf::Backend backend;
  backend.address = "/run/app.sock";
  backend.check.emplace().path = "/";
  CHECK(worker::backend::check_request(backend).find("\r\nHost: localhost\r\n") !=
        std::string::npos);
  backend.tls.emplace().name = "app.example";
  CHECK(worker::backend::check_request(backend).find("\r\nHost: app.example\r\n") !=
        std::string::npos);
}

TEST_CASE("check_reply: statuses") {
  conf::Backend backend = checked();
  conf::Check& check = *backend.check;
  const auto status = [&](int code) {
    return outcome(check, "HTTP/1.1 " + std::to_string(code) + " X\r\nContent-Length: 9\r\n\r\n");
  };
  CHECK(status(200) == kPassed);
  CHECK(status(399) == kPassed);
  CHECK(status(400) == CheckOutcome{CheckResult::status, 400});
  check.expect = {{204, 204}, {500, 503}};
  CHECK(status(204) == kPassed);
  CHECK(status(500) == kPassed);
  CHECK(status(503) == kPassed);
  CHECK(status(200) == CheckOutcome{CheckResult::status, 200});
  CHECK(status(504) == CheckOutcome{CheckResult::status, 504});
}

TEST_CASE("check_reply: what is no answer") {
  const conf::Backend backend = checked();
  const conf::Check& check = *backend.check;
  CHECK(outcome(check, "").result == CheckResult::none);
  CHECK(outcome(check, "", true).result == CheckResult::closed);
  CHECK(outcome(check, "HTTP/1.1 200 OK\r\n", true).result == CheckResult::closed);
  CHECK(outcome(check, "HTTP/1.1 103 X\r\n\r\n", true).result == CheckResult::closed);
  CHECK(outcome(check, "SSH-2.0-x\r\n\r\n").result == CheckResult::invalid_response);
  CHECK(outcome(check, "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n").result ==
        CheckResult::invalid_response);
}

TEST_CASE("check_reply: interim responses, up to a hundred") {
  const conf::Backend backend = checked();
  std::string interims;
  for (int i = 0; i < 100; ++i) interims += "HTTP/1.1 103 X\r\nA: b\r\n\r\n";
  CHECK(outcome(*backend.check, interims + "HTTP/1.1 200 OK\r\n\r\n") == kPassed);
  CHECK(
      outcome(*backend.check, interims + "HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\n\r\n").result ==
      CheckResult::invalid_response);
}

TEST_CASE("check_reply: bodies") {
  conf::Backend backend = checked();
  conf::Check& check = *backend.check;
  std::string error;
  check.body = conf::Pattern::compile("ok$", conf::Pattern::Case::sensitive, error);
  const std::string head = "HTTP/1.1 200 OK\r\n";
  CHECK(outcome(check, head + "Content-Length: 4\r\n\r\n: okmore") == kPassed);
  CHECK(outcome(check, head + "Content-Length: 4\r\n\r\n: oK").result == CheckResult::body);
  CHECK(outcome(check, head + "Content-Length: 5\r\n\r\n: ok").result == CheckResult::none);
  CHECK(outcome(check, head + "Content-Length: 5\r\n\r\n: ok", true).result == CheckResult::closed);
  CHECK(outcome(check, head + "Content-Length: 0\r\n\r\n").result == CheckResult::body);
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(outcome(check, chunked + "1\r\no\r\n1\r\nk\r\n0\r\n\r\n") == kPassed);
  CHECK(outcome(check, chunked + "zz\r\n").result == CheckResult::invalid_response);
  CHECK(outcome(check, head + "\r\nok").result == CheckResult::none);
  CHECK(outcome(check, head + "\r\nok", true) == kPassed);
  CHECK(outcome(check, "HTTP/1.1 204 X\r\n\r\n").result == CheckResult::body);
}

TEST_CASE("check_reply: how much of a body is searched") {
  conf::Backend backend = checked();
  std::string error;
  backend.check->body = conf::Pattern::compile("ok", conf::Pattern::Case::sensitive, error);
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  const std::size_t most = worker::backend::kMaxCheckBody;
  CHECK(outcome(*backend.check, head + std::string(most - 2, 'x') + "ok") == kPassed);
  CHECK(outcome(*backend.check, head + std::string(most - 1, 'x') + "ok").result ==
        CheckResult::body);
}
