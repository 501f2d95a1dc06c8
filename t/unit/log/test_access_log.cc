#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "shm/segment.h"
#include "worker/log/access_log.h"

using worker::log::AccessRecord;

namespace {

constexpr std::uint64_t kBegunUs = 5'000'000;

struct Fixture {
  explicit Fixture(conf::AccessLogFormat format)
      : row(segment.workers().take(0, 1).value()),
        log(segment.log_ring(row), -1, segment.log_detail()),
        access(format, log) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    record.client_ip = "192.0.2.7";
  }
  // The record as it came into the ring; the request began at a known time of day.
  std::string written(const worker::log::RequestTexts& request, std::uint64_t lasted_us = 0) {
    access.begin(request, kBegunUs, record);
    record.begun_at = 1790000000;
    access.write(record, kBegunUs + lasted_us);
    int priority = -1;
    std::string text;
    if (!reader.read(segment.log_ring(row), priority, text)) return "(nothing)";
    CHECK(priority == 6);
    return text;
  }
  shm::Segment segment;
  shm::LogReader reader;
  shm::Row row;
  worker::log::Log log;
  worker::log::AccessLog access;
  AccessRecord record;
};

}  // namespace

TEST_CASE("access_log: Combined Log Format, then service, backend and milliseconds") {
  Fixture f(conf::AccessLogFormat::combined);
  CHECK(f.access.shows_fields());
  f.record.status = 200;
  f.record.body_bytes = 1024;
  f.record.service = "127.0.0.1:80/1";
  f.record.backend = "be";
  CHECK(f.written({"GET /a?b HTTP/1.1", "http://from.example/", "curl/8"}, 12'999) ==
        "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"GET /a?b HTTP/1.1\" 200 1024 "
        "\"http://from.example/\" \"curl/8\" 127.0.0.1:80/1 be 12");
}

TEST_CASE("access_log: a dash stands for each missing part, and a refusal shows its reason") {
  Fixture f(conf::AccessLogFormat::combined);
  f.record.client_ip = "::1";
  f.record.status = 400;
  f.record.reason = "bare_lf";
  CHECK(f.written({}) ==
        "::1 - - [21/Sep/2026:14:13:20 +0000] \"-\" 400 - \"-\" \"-\" - - 0 reason=bare_lf");
}

TEST_CASE("access_log: Common Log Format shows no fields of the request") {
  Fixture f(conf::AccessLogFormat::common);
  CHECK(!f.access.shows_fields());
  f.record.status = 304;
  CHECK(f.written({"GET / HTTP/1.1", "http://from.example/", "curl/8"}, 1'000) ==
        "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"GET / HTTP/1.1\" 304 - - - 1");
}

TEST_CASE("access_log: the user stands before the date, as one word") {
  Fixture f(conf::AccessLogFormat::common);
  const auto user_in = [&](const std::string& user) {
    f.record.user = user;
    const std::string text = f.written({"GET / HTTP/1.1", "", ""});
    CHECK(text.ends_with(" [21/Sep/2026:14:13:20 +0000] \"GET / HTTP/1.1\" 0 - - - 0"));
    CHECK(text.starts_with("192.0.2.7 - "));
    return text.substr(12, text.find(" [21") - 12);
  };
  CHECK(user_in("") == "-");
  CHECK(user_in("alice") == "alice");
  CHECK(user_in("-") == "\\x2d");
  CHECK(user_in("--") == "--");
  CHECK(user_in("a b\"\n\\\xc3") == "a\\x20b\\x22\\x0a\\x5c\\xc3");
  CHECK(user_in("x [21/Sep/2026] \"GET") == "x\\x20[21/Sep/2026]\\x20\\x22GET");
  CHECK(user_in(std::string(251, 'u')) == std::string(251, 'u'));
  CHECK(user_in(std::string(255, 'u')) == std::string(252, 'u') + "...");
  CHECK(user_in(std::string(64, ' ')).size() == 4 * 63 + 3);
}

TEST_CASE("access_log: no request can forge a record") {
  Fixture f(conf::AccessLogFormat::combined);
  f.record.status = 404;
  CHECK(f.written({"GET /\" 200 1\nfake HTTP/1.1", "\" \"x", "a\\b"}) ==
        "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"GET /\\x22 200 1\\x0afake HTTP/1.1\" 404 - "
        "\"\\x22 \\x22x\" \"a\\x5cb\" - - 0");
}

TEST_CASE("access_log: a text is written whole at its limit and cut one byte beyond") {
  for (const std::size_t excess : {0u, 1u, 100u}) {
    CAPTURE(excess);
    const std::string end = excess != 0 ? "..." : "";
    Fixture f(conf::AccessLogFormat::combined);
    f.record.status = 200;
    CHECK(f.written({std::string(3692 + excess, 'l'), std::string(2048 + excess, 'r'),
                     std::string(2048 + excess, 'u')}) ==
          "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"" + std::string(3692, 'l') + end +
              "\" 200 - \"" + std::string(2048, 'r') + end + "\" \"" + std::string(2048, 'u') +
              end + "\" - - 0");
  }
}

TEST_CASE("access_log: without long fields, the request line gets the rest of a record") {
  for (const std::size_t excess : {0u, 1u, 1000u}) {
    CAPTURE(excess);
    Fixture f(conf::AccessLogFormat::common);
    f.record.status = 200;
    const std::string text = f.written({std::string(7788 + excess, 'l'), "", ""});
    CHECK(text == "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"" + std::string(7788, 'l') +
                      (excess != 0 ? "..." : "") + "\" 200 - - - 0");
    CHECK(text.size() <= worker::log::kMaxRecord);
  }
}

TEST_CASE("access_log: the limits count escaped bytes, so the longest record has its reason") {
  Fixture f(conf::AccessLogFormat::combined);
  const std::string bytes(64 * 1024, '\xff');
  f.record.status = 414;
  f.record.reason = "request_line_too_long";
  const auto escaped = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "\\xff";
    return text + "...";
  };
  const std::string text = f.written({bytes, bytes, bytes});
  CHECK(text == "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"" + escaped(917) + "\" 414 - \"" +
                    escaped(512) + "\" \"" + escaped(512) +
                    "\" - - 0 reason=request_line_too_long");
  CHECK(text.size() <= worker::log::kMaxRecord);
}

TEST_CASE("access_log: any part of a record may be long") {
  Fixture f(conf::AccessLogFormat::common);
  const std::string text(5000, 'x');
  for (int part = 0; part < 4; ++part) {
    const auto shown = [&](int i, const char* usual) {
      return part == i ? std::string_view(text) : std::string_view(usual);
    };
    f.record.client_ip = shown(0, "192.0.2.7");
    f.record.status = 503;
    f.record.body_bytes = 18446744073709551615U;
    f.record.service = shown(1, "s");
    f.record.backend = shown(2, "b");
    f.record.reason = shown(3, "r");
    std::string expected(shown(0, "192.0.2.7"));
    expected += " - - [21/Sep/2026:14:13:20 +0000] \"GET / HTTP/1.1\" 503 18446744073709551615 ";
    expected.append(shown(1, "s")).append(" ").append(shown(2, "b"));
    CHECK(f.written({"GET / HTTP/1.1", {}, {}}) ==
          expected.append(" 0 reason=").append(shown(3, "r")));
  }
}
