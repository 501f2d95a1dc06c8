#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "shm/segment.h"
#include "worker/log/access_log.h"

using worker::log::AccessRecord;

namespace {

constexpr std::uint64_t kBegunUs = 5'000'000;

struct Fixture {
  explicit Fixture(conf::AccessLog::Kind kind)
      : row(segment.workers().take(0, 1).value()),
        log(segment.log_ring(row), -1, segment.log_detail()),
        format{kind} {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    record.client_ip = "192.0.2.7";
  }
  // The record as it came into the ring; the request began at a known time of day.
  std::string written(const worker::log::RequestTexts& request, std::uint64_t lasted_us = 0) {
    worker::log::AccessLog::begin(worker::log::shown_by(format.kind), request, kBegunUs, record);
    record.begun_at = 1790000000;
    record.begun_ms = 45;
    access.write(&format, record, kBegunUs + lasted_us);
    int priority = -1;
    std::string text;
    if (!reader.read(segment.log_ring(row), priority, text)) return "(nothing)";
    CHECK(priority == 6);
    return text;
  }
  // Everything that the caller of begin() knows besides the texts.
  void fill() {
    record.client_port = 4711;
    record.peer_ip = "10.0.0.1";
    record.listener = "127.0.0.1:80";
    record.service = "127.0.0.1:80/1";
    record.backend = "be";
    record.status = 200;
    record.request_bytes = 7;
    record.body_bytes = 1024;
    record.user = "al ice";
    record.request_id = "id-1";
    record.tls = "TLSv1.3";
    record.cipher = "AES";
    record.session = AccessRecord::Session::fresh;
    record.retries = 2;
    record.enter(AccessRecord::Phase::queue, 10);
    record.enter(AccessRecord::Phase::connect, 10);
    record.enter(AccessRecord::Phase::first_byte, 2015);
    record.enter(AccessRecord::Phase::none, 12'515);
  }
  shm::Segment segment;
  shm::LogReader reader;
  shm::Row row;
  worker::log::Log log;
  worker::log::AccessLog access{log};
  conf::AccessLog format;
  AccessRecord record;
};

}  // namespace

TEST_CASE("access_log: Combined Log Format, then service, backend and milliseconds") {
  Fixture f(conf::AccessLog::Kind::combined);
  f.record.status = 200;
  f.record.body_bytes = 1024;
  f.record.service = "127.0.0.1:80/1";
  f.record.backend = "be";
  CHECK(f.written({"GET /a?b HTTP/1.1", "http://from.example/", "curl/8"}, 12'999) ==
        "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"GET /a?b HTTP/1.1\" 200 1024 "
        "\"http://from.example/\" \"curl/8\" 127.0.0.1:80/1 be 12");
}

TEST_CASE("access_log: a dash stands for each missing part, and a refusal shows its reason") {
  Fixture f(conf::AccessLog::Kind::combined);
  f.record.client_ip = "::1";
  f.record.status = 400;
  f.record.reason = "bare_lf";
  CHECK(f.written({}) ==
        "::1 - - [21/Sep/2026:14:13:20 +0000] \"-\" 400 - \"-\" \"-\" - - 0 reason=bare_lf");
}

TEST_CASE("access_log: Common Log Format shows no fields of the request") {
  Fixture f(conf::AccessLog::Kind::common);
  f.record.status = 304;
  CHECK(f.written({"GET / HTTP/1.1", "http://from.example/", "curl/8"}, 1'000) ==
        "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"GET / HTTP/1.1\" 304 - - - 1");
}

TEST_CASE("access_log: the user stands before the date, as one word") {
  Fixture f(conf::AccessLog::Kind::common);
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
  Fixture f(conf::AccessLog::Kind::combined);
  f.record.status = 404;
  CHECK(f.written({"GET /\" 200 1\nfake HTTP/1.1", "\" \"x", "a\\b"}) ==
        "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"GET /\\x22 200 1\\x0afake HTTP/1.1\" 404 - "
        "\"\\x22 \\x22x\" \"a\\x5cb\" - - 0");
}

TEST_CASE("access_log: a text is written whole at its limit and cut one byte beyond") {
  for (const std::size_t excess : {0u, 1u, 100u}) {
    CAPTURE(excess);
    const std::string end = excess != 0 ? "..." : "";
    Fixture f(conf::AccessLog::Kind::combined);
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
    Fixture f(conf::AccessLog::Kind::common);
    f.record.status = 200;
    const std::string text = f.written({std::string(7788 + excess, 'l'), "", ""});
    CHECK(text == "192.0.2.7 - - [21/Sep/2026:14:13:20 +0000] \"" + std::string(7788, 'l') +
                      (excess != 0 ? "..." : "") + "\" 200 - - - 0");
    CHECK(text.size() <= worker::log::kMaxRecord);
  }
}

TEST_CASE("access_log: the limits count escaped bytes, so the longest record has its reason") {
  Fixture f(conf::AccessLog::Kind::combined);
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
  Fixture f(conf::AccessLog::Kind::common);
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

TEST_CASE("access_log: JSON has every field, with null for what is not there") {
  Fixture f(conf::AccessLog::Kind::json);
  f.record.status = 404;
  f.record.reason = "no_service";
  CHECK(f.written({}) ==
        R"({"time":"2026-09-21T14:13:20.045Z","request_id":null,"client":"192.0.2.7",)"
        R"("client_port":null,"peer":null,"listener":null,"service":null,"backend":null,)"
        R"("method":null,"host":null,"target":null,"protocol":null,"request":null,"status":404,)"
        R"("reason":"no_service","user":null,"referer":null,"user_agent":null,"request_bytes":0,)"
        R"("response_bytes":0,"queue_ms":null,"connect_ms":null,"first_byte_ms":null,)"
        R"("total_ms":0.000,"tls":null,"cipher":null,"session":null,"retries":0,"cut":[]})");
}

TEST_CASE("access_log: JSON of a record that has everything") {
  Fixture f(conf::AccessLog::Kind::json);
  f.fill();
  CHECK(
      f.written({"GET /a?b HTTP/1.1", "http://from.example/", "curl \"8\"", "www.example.com"},
                12'999) ==
      R"({"time":"2026-09-21T14:13:20.045Z","request_id":"id-1","client":"192.0.2.7",)"
      R"("client_port":4711,"peer":"10.0.0.1","listener":"127.0.0.1:80",)"
      R"("service":"127.0.0.1:80/1","backend":"be","method":"GET","host":"www.example.com",)"
      R"("target":"/a?b","protocol":"HTTP/1.1","request":null,"status":200,"reason":null,)"
      R"("user":"al ice","referer":"http://from.example/","user_agent":"curl \"8\"",)"
      R"("request_bytes":7,"response_bytes":1024,"queue_ms":0.000,"connect_ms":2.005,)"
      R"("first_byte_ms":10.500,"total_ms":12.999,"tls":"TLSv1.3","cipher":"AES","session":"new",)"
      R"("retries":2,"cut":[]})");
}

TEST_CASE("access_log: JSON splits a request line of three parts, and shows any other whole") {
  Fixture f(conf::AccessLog::Kind::json);
  const auto parts = [&](const std::string& line) {
    const std::string text = f.written({line});
    const std::size_t begin = text.find("\"method\":");
    const std::string part = text.substr(begin, text.find(",\"status\"") - begin);
    const std::size_t host = part.find(",\"host\":null");
    REQUIRE(host != part.npos);
    return std::string(part).erase(host, 12);
  };
  const auto whole = [](const std::string& line) {
    return R"("method":null,"target":null,"protocol":null,"request":)" + line;
  };
  CHECK(parts("GET /a b HTTP/1.0") ==
        R"("method":"GET","target":"/a b","protocol":"HTTP/1.0","request":null)");
  CHECK(parts("GET / HTTP/2.0") ==
        R"("method":"GET","target":"/","protocol":"HTTP/2.0","request":null)");
  CHECK(parts("GET  HTTP/1.1") ==
        R"("method":"GET","target":null,"protocol":"HTTP/1.1","request":null)");
  for (const char* line : {"GET /", "GET HTTP/1.1", "GET", " / HTTP/1.1", "GET / RTSP/1.0"}) {
    CHECK(parts(line) == whole("\"" + std::string(line) + "\""));
  }
  CHECK(parts(std::string(600, 'X') + " / HTTP/1.1") ==
        whole("\"" + std::string(600, 'X') + " / HTTP/1.1\""));
}

TEST_CASE("access_log: JSON names what was cut, and stays below the limit of a record") {
  for (const char* piece : {"x", "\xff", "\"", "\n", "\xf0\x90\x80\x80"}) {
    CAPTURE(piece);
    Fixture f(conf::AccessLog::Kind::json);
    f.fill();
    std::string longest;
    while (longest.size() < 64 * 1024) longest += piece;
    f.record.user = longest.substr(0, 256);
    f.record.request_id = std::string(128, 'i');
    const std::string text =
        f.written({"GET /" + longest + " HTTP/1.1", longest, longest, longest});
    CHECK(text.size() <= worker::log::kMaxRecord);
    CHECK(text.ends_with(R"(,"cut":["host","target","user","referer","user_agent"]})"));
    CHECK(text.find(R"("protocol":"HTTP/1.1")") != text.npos);
    const std::string garbage = f.written({longest, "", "", ""});
    CHECK(garbage.ends_with(R"(,"cut":["request","user"]})"));
    CHECK(garbage.find(R"("method":null)") != text.npos);
  }
}

TEST_CASE("access_log: a format shows the fields that it names") {
  Fixture f(conf::AccessLog::Kind::format);
  f.fill();
  f.format.parts = {
      {"", conf::LogField::time, false},          {" ", conf::LogField::client, false},
      {" ", conf::LogField::user, false},         {" \"", conf::LogField::user_agent, true},
      {"\" ", conf::LogField::connect_ms, false}, {" ", conf::LogField::response_bytes, false},
      {" ", conf::LogField::reason, false},       {" end", {}, false}};
  CHECK(f.written({"GET / HTTP/1.1", "", "a \"b\" c", ""}) ==
        R"(2026-09-21T14:13:20.045Z 192.0.2.7 al\x20ice "a \x22b\x22 c" 2.005 1024 - end)");
  f.record.user = "-";
  CHECK(f.written({"GET / HTTP/1.1", "", "-", ""}) ==
        R"(2026-09-21T14:13:20.045Z 192.0.2.7 \x2d "\x2d" 2.005 1024 - end)");
}

TEST_CASE("access_log: no format makes a line longer than a record") {
  for (const bool is_quoted : {true, false}) {
    for (const char byte : {'x', ' ', '\xff'}) {
      Fixture f(conf::AccessLog::Kind::format);
      const std::string longest(64 * 1024, byte);
      for (int i = 0; i < 64; ++i) {
        f.format.parts.push_back({std::string(20, '_'), conf::LogField::target, is_quoted});
      }
      f.format.parts.push_back({std::string(700, '_'), {}, false});
      const std::string text = f.written({"GET /" + longest + " HTTP/1.1", "", "", ""});
      CHECK(text.size() <= worker::log::kMaxRecord);
      CHECK(text.size() >= worker::log::kMaxRecord / 2);
      CHECK(text.find("...") != text.npos);
      CHECK(text.ends_with(std::string(700, '_')));
    }
  }
}

TEST_CASE("access_log: nothing is written for none, nor without a format") {
  Fixture f(conf::AccessLog::Kind::none);
  CHECK(f.written({"GET / HTTP/1.1", "", "", ""}) == "(nothing)");
  f.access.write(nullptr, f.record, kBegunUs);
  int priority = 0;
  std::string text;
  CHECK_FALSE(f.reader.read(f.segment.log_ring(f.row), priority, text));
}

TEST_CASE("access_record: the phases follow each other, and a second visit adds to the first") {
  using Phase = AccessRecord::Phase;
  AccessRecord record;
  record.enter(Phase::queue, 100);
  record.enter(Phase::queue, 105);
  record.enter(Phase::connect, 120);
  record.enter(Phase::queue, 150);
  record.enter(Phase::connect, 151);
  record.enter(Phase::first_byte, 160);
  record.enter(Phase::none, 1160);
  record.enter(Phase::none, 9999);
  CHECK(record.phases[0].us == 21);
  CHECK(record.phases[1].us == 39);
  CHECK(record.phases[2].us == 1000);
  record.phases = {};
  record.enter(Phase::none, 10'000);
  for (const auto& phase : record.phases) CHECK_FALSE(phase.was_reached);
}
