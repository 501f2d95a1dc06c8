#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "shm/segment.h"
#include "worker/log/access_log.h"

namespace {

struct Fixture {
  explicit Fixture(conf::AccessLogFormat format)
      : row(segment.workers().take(0, 1).value()),
        log(segment.log_ring(row), -1, 0),
        access(format, loop, log) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  void head(std::string_view line, std::string_view referer, std::string_view agent) {
    request.line = line;
    request.fields.clear();
    if (!referer.empty()) request.fields.add({"Referer", referer, worker::http::FieldId::referer});
    if (!agent.empty())
      request.fields.add({"User-Agent", agent, worker::http::FieldId::user_agent});
  }
  // The record as it came into the ring, with the time of day and the duration made plain.
  std::string written(worker::log::AccessRecord& record) {
    access.begin(request, record);
    record.when = 1790000000;
    access.write(record);
    int priority = -1;
    std::string text;
    if (!segment.log_ring(row).read(priority, text)) return "(nothing)";
    CHECK(priority == 6);
    return text;
  }
  shm::Segment segment;
  shm::Row row;
  worker::log::Log log;
  worker::net::EventLoop loop;
  worker::log::AccessLog access;
  worker::http::RequestHead request;
};

}  // namespace

TEST_CASE("access_log: combined, then service, backend and milliseconds") {
  Fixture f(conf::AccessLogFormat::combined);
  f.head("GET /a?b HTTP/1.1", "http://from.example/", "curl/8");
  worker::log::AccessRecord record;
  record.client_ip = "192.0.2.7";
  record.status = 200;
  record.body_bytes = 1024;
  record.service = "127.0.0.1:80/1";
  record.backend = "be";
  CHECK(f.written(record) ==
        "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"GET /a?b HTTP/1.1\" 200 1024 "
        "\"http://from.example/\" \"curl/8\" 127.0.0.1:80/1 be 0");
}

TEST_CASE("access_log: what is missing is a dash, and a refusal has its reason") {
  Fixture f(conf::AccessLogFormat::combined);
  f.head("", "", "");
  worker::log::AccessRecord record;
  record.client_ip = "::1";
  record.status = 400;
  record.reason = "bare_lf";
  CHECK(f.written(record) ==
        "::1 - - [21/Sep/2026:14:13:20 +0000] \"-\" 400 - \"-\" \"-\" - - 0 reason=bare_lf");
}

TEST_CASE("access_log: no request can forge a record") {
  Fixture f(conf::AccessLogFormat::common);
  f.head("GET /\" 200 1\nfake HTTP/1.1", "", "");
  worker::log::AccessRecord record;
  record.client_ip = "192.0.2.7";
  record.status = 404;
  CHECK(f.written(record) ==
        "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"GET /\\x22 200 1\\x0afake HTTP/1.1\" 404 - "
        "- - 0");
}

TEST_CASE("access_log: however much a request brings, its reason is there") {
  Fixture f(conf::AccessLogFormat::combined);
  const std::string bytes(64 * 1024, '\xff');
  f.head(bytes, bytes, bytes);
  worker::log::AccessRecord record;
  record.client_ip = "192.0.2.7";
  record.status = 414;
  record.reason = "request_line_too_long";
  const std::string text = f.written(record);
  CHECK(text.size() < 13 * 1024);
  CHECK(text.ends_with("\\xff...\" - - 0 reason=request_line_too_long"));
}

TEST_CASE("access_log: off") {
  Fixture f(conf::AccessLogFormat::off);
  worker::log::AccessRecord record;
  f.access.begin(f.request, record);
  f.access.write(record);
  int priority = 0;
  std::string text;
  CHECK(!f.segment.log_ring(f.row).read(priority, text));
}

TEST_CASE("access_log: the longest foreign text leaves a whole record") {
  Fixture f(conf::AccessLogFormat::combined);
  const std::string quotes(worker::http::kMaxRequestLine, '"');
  f.head(quotes, quotes, quotes);
  worker::log::AccessRecord record;
  record.client_ip = "192.0.2.7";
  record.status = 400;
  record.reason = "target_byte";
  const std::string text = f.written(record);
  CHECK(text.size() < shm::kMaxLogRecord);
  CHECK(text.ends_with("..." + std::string("\" - - 0 reason=target_byte")));
}

TEST_CASE("access_log: a record that is used again keeps nothing of the last request") {
  Fixture f(conf::AccessLogFormat::combined);
  worker::log::AccessRecord record;
  record.client_ip = "192.0.2.7";
  record.status = 200;
  f.head("GET /first HTTP/1.1", "http://from.example/", "curl/8");
  f.written(record);
  f.head("GET /second HTTP/1.1", "", "");
  CHECK(f.written(record) ==
        "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"GET /second HTTP/1.1\" 200 - \"-\" \"-\" - - "
        "0");
}

TEST_CASE("access_log: any part of a record may be long") {
  Fixture f(conf::AccessLogFormat::common);
  f.head("GET / HTTP/1.1", "", "");
  const std::string text(5000, 'x');
  for (int part = 0; part < 4; ++part) {
    worker::log::AccessRecord record;
    const auto shown = [&](int i, const char* usual) {
      return part == i ? std::string_view(text) : std::string_view(usual);
    };
    record.client_ip = shown(0, "192.0.2.7");
    record.status = 503;
    record.body_bytes = 18446744073709551615U;
    record.service = shown(1, "s");
    record.backend = shown(2, "b");
    record.reason = shown(3, "r");
    std::string expected(shown(0, "192.0.2.7"));
    expected += " - - [21/Sep/2026:14:13:20 +0000] \"GET / HTTP/1.1\" 503 18446744073709551615 ";
    expected.append(shown(1, "s")).append(" ").append(shown(2, "b"));
    CHECK(f.written(record) == expected.append(" 0 reason=").append(shown(3, "r")));
  }
}

TEST_CASE("access_log: each record shows its own second") {
  Fixture f(conf::AccessLogFormat::common);
  f.head("GET / HTTP/1.1", "", "");
  worker::log::AccessRecord record;
  f.access.begin(f.request, record);
  std::string text;
  int priority = 0;
  for (const int second : {20, 20, 21, 59, 20}) {
    record.when = 1790000000 - 20 + second;
    f.access.write(record);
    REQUIRE(f.segment.log_ring(f.row).read(priority, text));
    CHECK(text.find("[21/Sep/2026:14:13:" + std::to_string(second) + " +0000]") !=
          std::string::npos);
  }
}
